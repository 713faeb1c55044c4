using System.Text.Json;

namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Preprocessing in timm's <c>pretrained_cfg</c>, as its <c>resolve_data_config</c> and <c>transforms_imagenet_eval</c> take it: images are resized to the input's size divided by
/// <c>crop_pct</c> (rounded down), keeping their aspect ratio (<c>crop_mode</c> center) or not (squash), and the centre is cut out.
/// </summary>
internal static class TimmPretrainedConfig
{
    private const double DefaultCropPct = 0.875;

    /// <summary>Reads a config.json.</summary>
    /// <param name="json">The file, whose object <c>pretrained_cfg</c> counts; in the older form its keys stand in the root. Those that are absent have timm's defaults.</param>
    /// <param name="source">The file's name for messages.</param>
    /// <param name="useTestSize">Takes <c>test_input_size</c> and <c>test_crop_pct</c> where the file has them; timm does not unless asked.</param>
    /// <exception cref="FormatException">Not such a file, or one that asks for what cannot be done here; the message names the key, what was found and what was expected.</exception>
    public static Preprocessing Read(Stream json, string source, bool useTestSize = false) =>
        PreprocessingSettings.Read(json, source, root => Read(
            !root.Has("pretrained_cfg") ? root : root.Object("pretrained_cfg") ?? throw root.Wrong("pretrained_cfg", "an object"), useTestSize));

    /// <summary>Writes the keys of <c>pretrained_cfg</c> that tell preprocessing, into an object that is open.</summary>
    /// <param name="writer">Within the object.</param>
    /// <param name="preprocessing">What to write.</param>
    /// <exception cref="InvalidOperationException">timm has no such preprocessing.</exception>
    public static void Write(Utf8JsonWriter writer, Preprocessing preprocessing)
    {
        PixelSize to = preprocessing.ResizeTo ?? preprocessing.Size;
        double cropPct = CropPct(preprocessing.Size, to)
            ?? throw new InvalidOperationException($"timm cannot express a centre of {preprocessing.Size} out of {to}: its crop_pct is one number of at most 1 for both sides.");
        if (Math.Abs(preprocessing.RescaleFactor - 1 / 255.0) > 1e-9)
        {
            throw new InvalidOperationException($"timm cannot express the rescale factor {preprocessing.RescaleFactor}: it always divides by 255.");
        }
        if (preprocessing.KeepAspectRatio && to.Height != to.Width && preprocessing.Interpolation != Interpolation.Bilinear)
        {
            throw new InvalidOperationException($"timm cannot express {preprocessing.Interpolation} for images that keep their aspect ratio and cover {to}: it always takes bilinear.");
        }
        writer.WriteStartArray("input_size");
        foreach (int side in new[] { preprocessing.Channels, preprocessing.Size.Height, preprocessing.Size.Width })
        {
            writer.WriteNumberValue(side);
        }
        writer.WriteEndArray();
        writer.WriteString("interpolation", preprocessing.Interpolation.ToString().ToLowerInvariant());
        writer.WriteNumber("crop_pct", cropPct);
        writer.WriteString("crop_mode", preprocessing.KeepAspectRatio ? "center" : "squash");
        foreach ((string key, IReadOnlyList<double> values) in new[] { ("mean", preprocessing.Mean), ("std", preprocessing.Std) })
        {
            writer.WriteStartArray(key);
            for (int channel = 0; channel < preprocessing.Channels; channel++)
            {
                writer.WriteNumberValue(values[values.Count == 1 ? 0 : channel]);
            }
            writer.WriteEndArray();
        }
    }

    private static Preprocessing Read(PreprocessingSettings settings, bool useTestSize)
    {
        string inputKey = useTestSize && settings.Has("test_input_size") ? "test_input_size" : "input_size";
        if ((settings.WholeNumbers(inputKey) ?? [3, 224, 224]) is not [> 0 and int channels, > 0 and int height, > 0 and int width])
        {
            throw settings.Wrong(inputKey, "channels, height and width, above 0");
        }
        // Zero counts as absent in timm.
        string cropKey = useTestSize && settings.Number("test_crop_pct", 0) != 0 ? "test_crop_pct" : "crop_pct";
        double cropPct = settings.Number(cropKey, 0) is not 0 and double given ? given : DefaultCropPct;
        if (cropPct <= 0)
        {
            throw settings.Wrong(cropKey, "a number above 0");
        }
        bool keeps = (settings.Text("crop_mode") ?? "center") switch
        {
            "center" => true,
            "squash" => false,
            _ => throw settings.Wrong("crop_mode", "center or squash (border, which no Vision Transformer of timm has, is not supported)"),
        };
        var size = new PixelSize(height, width);
        PixelSize to = Scaled(size, cropPct);
        return settings.Checked(new Preprocessing
        {
            Size = size,
            ResizeTo = to == size ? null : to,
            KeepAspectRatio = keeps,
            CropRoundsToEven = true,
            Channels = channels,
            // ResizeKeepRatio, which timm takes for a rectangle to cover, is not told the filter.
            Interpolation = keeps && to.Height != to.Width ? Interpolation.Bilinear : Filter(settings),
            // ImageNet's are timm's defaults; they mean nothing for other channels than red, green and blue.
            Mean = settings.Numbers("mean", channels == 3 ? [0.485, 0.456, 0.406] : [0.5]),
            Std = settings.Numbers("std", channels == 3 ? [0.229, 0.224, 0.225] : [0.5]),
        });
    }

    private static Interpolation Filter(PreprocessingSettings settings) => settings.Text("interpolation") switch
    {
        null or "" or "bicubic" => Interpolation.Bicubic,
        "nearest" => Interpolation.Nearest,
        "lanczos" => Interpolation.Lanczos,
        "bilinear" => Interpolation.Bilinear,
        "box" => Interpolation.Box,
        "hamming" => Interpolation.Hamming,
        _ => throw settings.Wrong("interpolation", "nearest, lanczos, bilinear, bicubic, box or hamming"),
    };

    private static PixelSize Scaled(PixelSize size, double cropPct) => new(Scaled(size.Height, cropPct), Scaled(size.Width, cropPct));

    // Clamped to what an int holds; Preprocessing.Problems refuses far smaller values.
    private static int Scaled(int side, double cropPct) => (int)Math.Min(int.MaxValue, Math.Floor(side / cropPct));

    /// <summary>A crop_pct of few digits by which <see cref="Scaled(PixelSize, double)"/> gives just the size to resize to; null where there is none.</summary>
    private static double? CropPct(PixelSize size, PixelSize to)
    {
        if (size == to)
        {
            return 1;
        }
        double lowest = Math.Max((double)size.Height / (to.Height + 1), (double)size.Width / (to.Width + 1));
        double highest = Math.Min((double)size.Height / to.Height, (double)size.Width / to.Width);
        for (int digits = 1; digits <= 15; digits++)
        {
            double rounded = Math.Round(highest, digits);
            foreach (double candidate in new[] { rounded, rounded - Math.Pow(10, -digits) })
            {
                if (candidate > 0 && candidate >= lowest && candidate <= 1 && Scaled(size, candidate) == to)
                {
                    return candidate;
                }
            }
        }
        return null;
    }
}
