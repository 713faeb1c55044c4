using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Vit.Batching;
using TorchSharp;

namespace Microsoft.ML.Vit;

/// <summary>What decides the outcome of a training, as names and texts: two runs that have it in common are one training.</summary>
internal static class TrainingSettings
{
    /// <summary>Images whose pixels are looked at: enough to notice other images, few enough to cost nothing.</summary>
    private const int ImagesSampled = 256;

    private const int FileEndBytes = 1 << 16;

    /// <summary>Options that decide nothing of the outcome, or that stand in the list in another form.</summary>
    private static readonly string[] s_without =
    [
        nameof(VitOptions.LabelColumnName), nameof(VitOptions.FeatureColumnName), nameof(VitOptions.ScoreColumnName), nameof(VitOptions.PredictedLabelColumnName),
        nameof(VitOptions.Progress), nameof(VitOptions.Device), nameof(VitOptions.CancellationToken), nameof(VitOptions.CancellationBehavior), nameof(VitOptions.ScoringBatchSize),
        nameof(VitOptions.CheckpointDirectory), nameof(VitOptions.CheckpointSteps), nameof(VitOptions.LogDirectory), nameof(VitOptions.PixelCacheBytes),
        nameof(VitOptions.ValidationSet), nameof(VitOptions.InvalidImages), nameof(VitOptions.Interpolation), // in the images and their preprocessing
        nameof(VitOptions.Pretrained), nameof(VitOptions.WarmStart), nameof(VitOptions.Precision),
    ];

    /// <summary>The list.</summary>
    /// <param name="options">Every default resolved.</param>
    /// <param name="preprocessing">How images become the input.</param>
    /// <param name="classes">The classes' names by number.</param>
    /// <param name="computeType">What matrix products are computed in.</param>
    /// <param name="training">What is trained on.</param>
    /// <param name="validation">What is validated on; null for nothing.</param>
    /// <param name="pretraining">What pre-training learns from besides; null for nothing.</param>
    public static IReadOnlyDictionary<string, string> Of(
        VitOptions options, Preprocessing preprocessing, IReadOnlyList<string> classes, torch.ScalarType computeType, ImageSubset training, ImageSubset? validation, ImageSubset? pretraining)
    {
        var settings = new Dictionary<string, string>(SettingList.Of("", options, s_without)
            .Concat(SettingList.Of(nameof(Preprocessing), preprocessing))
            .Concat(SettingList.Of("Classes", classes)))
        {
            [nameof(VitOptions.Precision)] = computeType.ToString(),
            [nameof(VitOptions.Pretrained)] = options.Pretrained is { } checkpoint ? $"{Identity(checkpoint.WeightsPath)}, {checkpoint.PositionResize}" : "null",
            [nameof(VitOptions.WarmStart)] = options.WarmStart is { } start ? Identity(start) : "null",
            [$"Images shuffled at a time ({nameof(VitOptions.PixelCacheBytes)})"] = training.Source.Images.Window?.ToString(CultureInfo.InvariantCulture) ?? "null",
            [$"Pixels that crops are cut out of ({nameof(VitOptions.PixelCacheBytes)})"] = training.Source.Images.Shape.CropSource?.ToString() ?? "null",
            ["Training images"] = Identity(training),
            ["Validation images"] = validation is null ? "null" : Identity(validation),
            ["Pre-training images"] = pretraining is null ? "null" : Identity(pretraining),
        };
        return settings;
    }

    /// <summary>Number, classes and order of the images, and the pixels of some.</summary>
    private static string Identity(ImageSubset images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<int>(images.Indices.Select(index => images.Source.Labels[index]).ToArray()));
        int step = Math.Max(1, images.Count / ImagesSampled);
        // Where images are decoded again each time they are read, their number and classes must do.
        int[] sample = images.Source.Images.Window is null ? [.. images.Indices.Where((_, place) => place % step == 0)] : [];
        using IPixelPass pass = images.Source.Images.Read(sample);
        byte[] buffer = new byte[images.Source.Images.Shape.KeptBytes];
        foreach (int index in sample)
        {
            hash.AppendData(pass.Read(index, buffer));
        }
        return string.Create(CultureInfo.InvariantCulture, $"{images.Count} ({Short(hash)})");
    }

    /// <summary>A file's name, length, and what its ends hold: the header of a safetensors file, the checksums of all entries of a zip.</summary>
    private static string Identity(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using FileStream file = File.OpenRead(path);
        byte[] end = new byte[Math.Min(FileEndBytes, file.Length)];
        foreach (long position in (long[])[0, file.Length - end.Length])
        {
            file.Position = position;
            file.ReadExactly(end);
            hash.AppendData(end);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)} of {file.Length} bytes ({Short(hash)})");
    }

    private static string Short(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
}
