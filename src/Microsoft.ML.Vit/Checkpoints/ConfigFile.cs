using System.Text.Json;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Reads a config.json, whichever library wrote it.</summary>
internal static class ConfigFile
{
    /// <summary>Overrides the draft with what the file states.</summary>
    /// <param name="draft">What is known from the tensors.</param>
    /// <param name="utf8">The file's bytes.</param>
    /// <param name="source">The file's name for messages.</param>
    /// <exception cref="FormatException">Not JSON, of none of the known forms, or of a model that is not supported.</exception>
    public static void Apply(ArchitectureDraft draft, ReadOnlyMemory<byte> utf8, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8);
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("architecture", out _))
            {
                TimmConfig.Apply(draft, root, source);
            }
            else if (root.TryGetProperty("hidden_size", out _))
            {
                HuggingFaceConfig.Apply(draft, root, source);
            }
            else if (root.TryGetProperty("d_model", out _))
            {
                LabmlConfig.Apply(draft, root);
            }
            else
            {
                throw new FormatException($"{source}: not the configuration of a Vision Transformer; expected 'architecture' (timm), 'hidden_size' (Hugging Face) or 'd_model' (labml).");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException
            || (error is FormatException && !error.Message.StartsWith(source, StringComparison.Ordinal))) // a fraction where JsonElement was asked for a whole number
        {
            throw new FormatException($"{source}: not a configuration of a Vision Transformer: {error.Message}", error);
        }
    }
}
