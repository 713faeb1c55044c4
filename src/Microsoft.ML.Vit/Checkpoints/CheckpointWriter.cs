using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Writes a network as a checkpoint that timm, transformers or torchvision opens.</summary>
internal static class CheckpointWriter
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes config.json and model.safetensors into the folder, which is made where it does not exist. Each file comes into being whole: it is written under another name and then renamed.
    /// </summary>
    /// <param name="folder">Where to.</param>
    /// <param name="layout">Whose form.</param>
    /// <param name="network">The weights and their architecture.</param>
    /// <param name="classNames">Names of the classes by number; null for none.</param>
    /// <param name="preprocessing">How images become the input; goes into timm's <c>pretrained_cfg</c>, or Hugging Face's preprocessor_config.json. Null for none.</param>
    /// <returns>What the layout states otherwise than the network has it, each a sentence.</returns>
    /// <exception cref="NotSupportedException">The layout cannot express the architecture; the message names all that it cannot.</exception>
    public static IReadOnlyList<string> Save(
        string folder, CheckpointLayout layout, VisionTransformer network, IReadOnlyList<string>? classNames = null, Preprocessing? preprocessing = null)
    {
        VitConfig config = network.Config;
        if (classNames is not null && classNames.Count != config.Classes)
        {
            throw new ArgumentException($"There are {classNames.Count} class names; expected {config.Classes}.", nameof(classNames));
        }
        if (LayoutLimits.Problems(config, layout) is { Count: > 0 } problems)
        {
            throw new NotSupportedException($"The model cannot be written in the layout of {layout}. {string.Join(" ", problems)}");
        }
        Directory.CreateDirectory(folder);
        using (var scope = NewDisposeScope())
        using (var noGradients = no_grad())
        {
            List<(string, Tensor)> tensors = Tensors(network, NamingFor(config, layout), layout);
            Dictionary<string, string> metadata = new() { ["format"] = "pt" }; // transformers reads no file without it
            Replace(Path.Combine(folder, "model.safetensors"), stream => SafetensorsWriter.Write(stream, tensors, metadata));
        }
        switch (layout)
        {
            case CheckpointLayout.Timm:
                Write(Path.Combine(folder, "config.json"), ConfigWriter.Timm(config, classNames, preprocessing is null ? null : TimmEntries(preprocessing)));
                break;
            case CheckpointLayout.HuggingFace:
                Write(Path.Combine(folder, "config.json"), ConfigWriter.HuggingFace(config, classNames));
                if (preprocessing is not null)
                {
                    Replace(Path.Combine(folder, "preprocessor_config.json"), stream => stream.Write(PreprocessorConfig.Write(preprocessing)));
                }
                break;
        }
        return layout != CheckpointLayout.HuggingFace && config.NormEpsilon < 1e-6
            ? [FormattableString.Invariant($"{nameof(VitConfig.NormEpsilon)} is {config.NormEpsilon}; {layout}'s norms have 1E-06, so its results differ a little.")]
            : [];
    }

    private static JsonObject TimmEntries(Preprocessing preprocessing)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            TimmPretrainedConfig.Write(writer, preprocessing);
            writer.WriteEndObject();
        }
        return JsonNode.Parse(buffer.ToArray())!.AsObject();
    }

    private static CheckpointNaming NamingFor(VitConfig config, CheckpointLayout layout)
    {
        string Prefix(string name) => config.Classes > 0 ? name : "";
        HuggingFaceHead head = config.Classes == 0 ? HuggingFaceHead.None
            : config.Distillation == VitDistillation.TokenAndHead ? HuggingFaceHead.Two
            : HuggingFaceHead.One;
        return layout switch
        {
            CheckpointLayout.Timm => CheckpointNaming.Timm,
            CheckpointLayout.Torchvision => CheckpointNaming.Torchvision,
            _ => LayoutLimits.FamilyOf(config) switch
            {
                HuggingFaceFamily.ViT => CheckpointNaming.HuggingFace(head, isVersion5: false) with { Prefix = Prefix("vit.") },
                HuggingFaceFamily.DeiT => CheckpointNaming.HuggingFace(head, isVersion5: false) with { Prefix = Prefix("deit.") },
                HuggingFaceFamily.Dinov2 => Dinov2() with { Prefix = Prefix("dinov2.") },
                _ => Dinov2() with { Prefix = Prefix("dinov2_with_registers.") },
            },
        };
        CheckpointNaming Dinov2() => config.SwiGlu ? CheckpointNaming.HuggingFaceDinov2SwiGlu : CheckpointNaming.HuggingFaceDinov2;
    }

    private static List<(string Name, Tensor Tensor)> Tensors(VisionTransformer network, CheckpointNaming naming, CheckpointLayout layout)
    {
        VitConfig config = network.Config;
        var tensors = new List<(string, Tensor)>();
        foreach ((string name, Tensor tensor) in network.State())
        {
            if (name != "pos_embed")
            {
                Add(name, tensor);
            }
        }
        Add("pos_embed", Positions(network, layout));
        if (layout == CheckpointLayout.HuggingFace && LayoutLimits.FamilyOf(config) is HuggingFaceFamily.Dinov2 or HuggingFaceFamily.Dinov2WithRegisters)
        {
            tensors.Add((naming.Fill("{x}embeddings.mask_token"), zeros(1, config.Width)));
            for (int i = 0; config.LayerScale is null && i < config.Depth; i++)
            {
                Add($"blocks.{i}.ls1.gamma", ones(config.Width)); // it has the scale in any case
                Add($"blocks.{i}.ls2.gamma", ones(config.Width));
            }
        }
        return tensors;

        // As config.json says, also where a network keeps some in bfloat16: it holds every value of that.
        static Tensor Float(Tensor tensor) => tensor.detach().to(ScalarType.Float32);

        void Add(string name, Tensor tensor)
        {
            string[] sources = naming.RuleFor(name).Sources;
            tensors.AddRange(sources.Zip(sources.Length == 1 ? [Float(tensor)] : Float(tensor).chunk(sources.Length, 0)));
        }
    }

    /// <summary>The table of positions: fixed ones as if learned, and for the class token, where the layout has a row for it and the network has none, zeros.</summary>
    private static Tensor Positions(VisionTransformer network, CheckpointLayout layout)
    {
        VitConfig config = network.Config;
        Tensor? learned = network.Positions?.detach();
        int missing = learned is null ? config.PositionPrefix : 0;
        if (layout != CheckpointLayout.Timm && !config.ClassTokenHasPosition)
        {
            missing = config.HasDistillationToken ? 2 : 1;
        }
        Tensor table = learned?.cpu() ?? SinCosPositions.Table(config.Grid, config.Width).unsqueeze(0);
        return missing == 0 ? table : cat([zeros(1, missing, config.Width), table], 1);
    }

    private static void Write(string path, JsonObject json) => Replace(path, stream => JsonSerializer.Serialize(stream, json, s_json));

    private static void Replace(string path, Action<Stream> write)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
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
