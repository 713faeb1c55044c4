using System.Text.Json;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Reads the architecture from a config.json with the arguments of the seed's own classes (labml_nn.transformers.vit).</summary>
internal static class LabmlConfig
{
    /// <summary>Overrides the draft with what the file states.</summary>
    public static void Apply(ArchitectureDraft draft, JsonElement root)
    {
        int Number(string name) => root.GetProperty(name).GetInt32();
        draft.State(nameof(VitConfig.Heads), draft.Config with { Heads = Number("n_heads"), Depth = Number("n_layers") });
        if (root.TryGetProperty("image_size", out JsonElement size))
        {
            draft.State(nameof(VitConfig.ImageSize), draft.Config with { ImageSize = JsonSizes.Read(size) });
        }
        // The seed's code has no other.
        draft.State(nameof(VitConfig.NormEpsilon), draft.Config with { NormEpsilon = VitConfig.Labml.NormEpsilon });
        draft.State(nameof(VitConfig.Activation), draft.Config with { Activation = VitConfig.Labml.Activation });
    }
}
