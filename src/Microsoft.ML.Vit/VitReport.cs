using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Reporting;

namespace Microsoft.ML.Vit;

/// <summary>
/// Writes what a training gave, and how well the model does, as one HTML file: key figures, curves of loss, accuracy and learning rate, the confusion matrix, every class's figures,
/// the calibration (Guo et al. 2017, arXiv 1706.04599) and the most confident mistakes with their pictures. The file needs no network, no script and no other file.
/// </summary>
public static class VitReport
{
    /// <summary>Writes a report, replacing an older file only once it is complete.</summary>
    /// <param name="path">The file; its folder is made where it does not exist. Its name without ".html" and ".report" is the report's title.</param>
    /// <param name="model">A <see cref="VitTransformer"/>, or a chain of transformers with one in it.</param>
    /// <param name="scored">
    /// Rows that the model has transformed, with their labels, to evaluate it on; null shows the training alone. They are read once, and not kept. Figures are those of ML.NET's
    /// <c>MulticlassClassification.Evaluate</c>; the predicted class is the most probable one of the score column. Rows whose class the model does not know are left out, and counted.
    /// </param>
    /// <param name="labelColumnName">The label of these rows: a key, or text. Its values are matched to the model's classes by name. Default "Label".</param>
    /// <param name="imageColumnName">
    /// The images of these rows for the pictures of mistakes, of any type that the model reads; null takes the model's own image column and, where the rows do not have it, paths in a column
    /// "ImagePath". Images that cannot be read have no picture. Default null.
    /// </param>
    /// <param name="mistakes">The most mistakes shown, 0 or more; each takes some 20 kB of the file. Default 24.</param>
    /// <param name="cancellationToken">Looked at before each row.</param>
    /// <exception cref="ArgumentException">The chain has no Vision Transformer that classifies, or several.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type, no value of the label is a class of the model, or the number of mistakes is negative.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; no file is left.</exception>
    public static void Save(
        string path,
        ITransformer model,
        IDataView? scored = null,
        string labelColumnName = "Label",
        string? imageColumnName = null,
        int mistakes = 24,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrWhiteSpace(labelColumnName);
        ArgumentOutOfRangeException.ThrowIfNegative(mistakes);
        VitTransformer vit = Find(model).ToArray() is [{ } only]
            ? only
            : throw new ArgumentException($"Expected a {nameof(VitTransformer)}, or a chain with one in it.", nameof(model));
        Evaluation? evaluation = null;
        if (scored is not null)
        {
            var pictures = new PictureColumn(scored.Schema, imageColumnName, vit.FeatureColumnName, vit.Preprocessing);
            evaluation = ScoredRows.Read(scored, vit.ClassNames, labelColumnName, vit.ScoreColumnName, pictures, mistakes, cancellationToken);
        }
        var page = new ReportPage
        {
            Title = TitleOf(path),
            Library = $"Microsoft.ML.Vit {Version()}",
            Date = DateTimeOffset.UtcNow,
            Facts = ModelFacts.Of(vit.Model, vit.Preprocessing, vit.Device),
            History = vit.History,
            Evaluation = evaluation,
        };
        Replace(Path.GetFullPath(path), page.Write);
    }

    private static IEnumerable<VitTransformer> Find(ITransformer model) =>
        model is VitTransformer vit ? [vit] : model is IEnumerable<ITransformer> chain ? chain.SelectMany(Find) : [];

    private static string TitleOf(string path)
    {
        string name = Path.GetFileName(path);
        foreach (string ending in (string[])[".html", ".htm", ".report"])
        {
            name = name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) && name.Length > ending.Length ? name[..^ending.Length] : name;
        }
        return name;
    }

    private static string Version() =>
        typeof(VitReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static void Replace(string path, Action<Stream> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
