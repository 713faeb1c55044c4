using System.Buffers;
using System.Text.Json;

namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Hugging Face's <c>preprocessor_config.json</c>. Steps and defaults are those of transformers' ViTImageProcessor, DeiTImageProcessor and BitImageProcessor (v4 and v5 agree); files
/// of the older form have <c>size</c> as a whole number and say nothing of rescaling. Lanczos is Pillow's (v5's torchvision backend takes bicubic in its place).
/// </summary>
internal static class PreprocessorConfig
{
    private const string KnownTypes = "ViTImageProcessor, DeiTImageProcessor or BitImageProcessor";

    // Steps that are done here, or that make no difference to a decoded image of three channels.
    private static readonly HashSet<string> s_knownSteps = ["do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb"];

    /// <summary>Reads a file.</summary>
    /// <param name="json">The file.</param>
    /// <param name="source">The file's name for messages.</param>
    /// <param name="channels">Channels of the network, which the file does not tell.</param>
    /// <param name="modelType"><c>model_type</c> of config.json: what transformers goes by where the file names no processor.</param>
    /// <exception cref="FormatException">Not such a file, or one that asks for what cannot be done here; the message names the key, what was found and what was expected.</exception>
    public static Preprocessing Read(Stream json, string source, int channels = 3, string? modelType = null) =>
        PreprocessingSettings.Read(json, source, settings => Read(settings, channels, modelType));

    /// <summary>
    /// Writes a file that transformers reads as the same preprocessing, but for <see cref="Preprocessing.CropRoundsToEven"/>: transformers rounds down, which moves the centre by at most a pixel.
    /// </summary>
    /// <param name="preprocessing">What to write.</param>
    /// <exception cref="InvalidOperationException">No processor does such preprocessing.</exception>
    public static byte[] Write(Preprocessing preprocessing)
    {
        PixelSize to = preprocessing.ResizeTo ?? preprocessing.Size;
        if (preprocessing.KeepAspectRatio && to.Height != to.Width)
        {
            throw new InvalidOperationException($"preprocessor_config.json cannot express images that keep their aspect ratio and cover {to}: transformers resizes the shortest edge to one length.");
        }
        bool crops = preprocessing.KeepAspectRatio || to != preprocessing.Size;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            if (crops)
            {
                WriteSize(writer, "crop_size", preprocessing.Size);
            }
            writer.WriteBoolean("do_center_crop", crops);
            writer.WriteBoolean("do_normalize", true);
            writer.WriteBoolean("do_rescale", true);
            writer.WriteBoolean("do_resize", true);
            WriteChannels(writer, "image_mean", preprocessing.Mean, preprocessing.Channels);
            writer.WriteString("image_processor_type", !crops ? "ViTImageProcessor" : preprocessing.KeepAspectRatio ? "BitImageProcessor" : "DeiTImageProcessor");
            WriteChannels(writer, "image_std", preprocessing.Std, preprocessing.Channels);
            writer.WriteNumber("resample", (int)preprocessing.Interpolation);
            writer.WriteNumber("rescale_factor", preprocessing.RescaleFactor);
            if (preprocessing.KeepAspectRatio)
            {
                writer.WriteStartObject("size");
                writer.WriteNumber("shortest_edge", to.Height);
                writer.WriteEndObject();
            }
            else
            {
                WriteSize(writer, "size", to);
            }
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static Preprocessing Read(PreprocessingSettings settings, int channels, string? modelType)
    {
        Preprocessing defaults = Defaults(settings, modelType) with { Channels = channels };
        if (settings.True.FirstOrDefault(key => key.StartsWith("do_", StringComparison.Ordinal) && !s_knownSteps.Contains(key)) is { } unknown)
        {
            throw settings.Wrong(unknown, "false: this step is not supported");
        }
        if (!settings.Boolean("do_resize", true))
        {
            throw settings.Wrong("do_resize", "true: images are of many sizes, the network's input is of one");
        }
        bool shortest = defaults.KeepAspectRatio;
        PixelSize to = Size(settings, "size", ref shortest) ?? defaults.ResizeTo ?? defaults.Size;
        PixelSize size = to;
        if (settings.Boolean("do_center_crop", defaults.ResizeTo is not null))
        {
            bool never = false;
            size = Size(settings, "crop_size", ref never) ?? (defaults.ResizeTo is null ? throw settings.Wrong("crop_size", "a size, since do_center_crop is true") : defaults.Size);
            if (never)
            {
                throw settings.Wrong("crop_size", "height and width");
            }
        }
        else if (shortest)
        {
            throw settings.Wrong("do_center_crop", "true: with a shortest edge and no crop, the input's size varies");
        }
        bool normalizes = settings.Boolean("do_normalize", true);
        return settings.Checked(new Preprocessing
        {
            Size = size,
            ResizeTo = !shortest && to == size ? null : to,
            KeepAspectRatio = shortest,
            Channels = channels,
            Interpolation = Filter(settings) ?? defaults.Interpolation,
            RescaleFactor = settings.Boolean("do_rescale", true) ? settings.Number("rescale_factor", 1 / 255.0) : 1,
            Mean = normalizes ? settings.Numbers("image_mean", [.. defaults.Mean]) : [0],
            Std = normalizes ? settings.Numbers("image_std", [.. defaults.Std]) : [1],
        });
    }

    /// <summary>What the processor's class has where the file says nothing; a crop is one of its steps where <see cref="Preprocessing.ResizeTo"/> is set.</summary>
    private static Preprocessing Defaults(PreprocessingSettings settings, string? modelType)
    {
        string key = settings.Has("image_processor_type") ? "image_processor_type" : "feature_extractor_type";
        string type = settings.Text(key) ?? modelType switch
        {
            "deit" => "DeiTImageProcessor",
            "dinov2" or "dinov2_with_registers" => "BitImageProcessor",
            _ => "ViTImageProcessor",
        };
        foreach (string suffix in new[] { "Fast", "Pil" })
        {
            type = type.EndsWith(suffix, StringComparison.Ordinal) ? type[..^suffix.Length] : type;
        }
        return type switch
        {
            "ViTImageProcessor" or "ViTFeatureExtractor" => new Preprocessing { Interpolation = Interpolation.Bilinear },
            "DeiTImageProcessor" or "DeiTFeatureExtractor" => new Preprocessing { ResizeTo = 256 },
            "BitImageProcessor" => new Preprocessing
            {
                ResizeTo = 224,
                KeepAspectRatio = true,
                Mean = [0.48145466, 0.4578275, 0.40821073],
                Std = [0.26862954, 0.26130258, 0.27577711],
            },
            _ => throw settings.Wrong(key, KnownTypes),
        };
    }

    /// <summary>A whole number (a square, or the shortest edge where the class takes it so), height and width, or shortest_edge; null where the key is absent.</summary>
    private static PixelSize? Size(PreprocessingSettings settings, string key, ref bool shortest)
    {
        if (settings.Object(key) is { } sides)
        {
            string[] keys = [.. sides.Keys.Order(StringComparer.Ordinal)];
            shortest = keys is ["shortest_edge"];
            int Side(string name) => sides.WholeNumbers(name) is [int side] ? side : throw sides.Wrong(name, "a whole number");
            return keys switch
            {
                ["height", "width"] => new PixelSize(Side("height"), Side("width")),
                ["shortest_edge"] => Side("shortest_edge"),
                _ => throw settings.Wrong(key, "height and width, or shortest_edge alone"),
            };
        }
        switch (settings.WholeNumbers(key))
        {
            case null:
                return null;
            case [int side]:
                return side;
            case [int height, int width]:
                shortest = false;
                return new PixelSize(height, width);
            default:
                throw settings.Wrong(key, "a whole number, [height, width], or an object of height and width or shortest_edge");
        }
    }

    private static Interpolation? Filter(PreprocessingSettings settings) => settings.WholeNumbers("resample") switch
    {
        null => null,
        [int filter] when Enum.IsDefined((Interpolation)filter) => (Interpolation)filter,
        _ => throw settings.Wrong("resample", "a filter of Pillow's: 0 (nearest), 1 (Lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (Hamming)"),
    };

    private static void WriteSize(Utf8JsonWriter writer, string key, PixelSize size)
    {
        writer.WriteStartObject(key);
        writer.WriteNumber("height", size.Height);
        writer.WriteNumber("width", size.Width);
        writer.WriteEndObject();
    }

    private static void WriteChannels(Utf8JsonWriter writer, string key, IReadOnlyList<double> values, int channels)
    {
        writer.WriteStartArray(key);
        for (int channel = 0; channel < channels; channel++)
        {
            writer.WriteNumberValue(values[values.Count == 1 ? 0 : channel]);
        }
        writer.WriteEndArray();
    }
}
