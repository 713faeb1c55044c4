using Microsoft.ML;
using Microsoft.ML.Vit;

namespace Vit.Samples;

/// <summary>A model as ML.NET saves it.</summary>
internal static class ModelFile
{
    /// <summary>Opens a model for image files in the column ImagePath.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no model, or one for something else.</exception>
    public static ITransformer Load(MLContext ml, string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"The model {path} does not exist.");
        }
        ITransformer model;
        DataViewSchema input;
        try
        {
            model = ml.Model.Load(path, out input);
        }
        catch (Exception e) when (SampleRun.Cause(e) is FormatException or InvalidDataException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"{path} is not a model that ML.NET opens: {SampleRun.Cause(e).Message}");
        }
        if (input?.GetColumnOrNull("ImagePath") == null)
        {
            (model as IDisposable)?.Dispose();
            throw new InvalidDataException($"{path} is a model of other columns than ImagePath.");
        }
        return model;
    }

    /// <summary>Saves a model whole or not at all: what was at the path stays until the new file is complete.</summary>
    public static void Save(MLContext ml, ITransformer model, DataViewSchema input, string path)
    {
        string unfinished = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            ml.Model.Save(model, input, unfinished);
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Writes the training report beside the model and gives its path: shapes.report.html for shapes.zip.</summary>
    public static string Report(SampleRun run, ITransformer model, IDataView? scored, string path)
    {
        string report = (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? path[..^".zip".Length] : path) + ".report.html";
        VitReport.Save(report, model, scored, cancellationToken: run.Cancellation);
        run.Console.Profile.Out.Writer.WriteLine($"Report: {report}");
        return report;
    }

    /// <summary>Sees to it, before an hour of training, that the model can be written.</summary>
    public static string Prepare(string path)
    {
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return Directory.Exists(full) ? throw new IOException($"The model file {path} is a folder.") : full;
    }
}
