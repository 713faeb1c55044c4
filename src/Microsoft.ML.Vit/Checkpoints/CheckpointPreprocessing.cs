using System.Text.Json;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>How a checkpoint wants its images: from the configuration beside it, else as its library usually prepares them.</summary>
internal static class CheckpointPreprocessing
{
    private static readonly double[] s_imageNetMean = [0.485, 0.456, 0.406];
    private static readonly double[] s_imageNetStd = [0.229, 0.224, 0.225];

    /// <summary>Reads it.</summary>
    /// <param name="folder">Where the weights lie.</param>
    /// <param name="draft">The architecture; notes go there.</param>
    /// <param name="naming">Whose names the tensors have.</param>
    /// <exception cref="FormatException">A configuration that cannot be read; the message names it.</exception>
    public static Preprocessing Read(string folder, ArchitectureDraft draft, CheckpointNaming naming)
    {
        Preprocessing found = FromFiles(folder, draft.Config) ?? Habit(draft, naming);
        if (found.Size.Height % draft.Config.PatchSize.Height != 0 || found.Size.Width % draft.Config.PatchSize.Width != 0)
        {
            draft.Note($"The preprocessing gives {found.Size} pixels, which patches of {draft.Config.PatchSize} do not divide; {draft.Config.ImageSize} is taken.");
            found = found.WithSize(draft.Config.ImageSize);
        }
        return found;
    }

    private static Preprocessing? FromFiles(string folder, VitConfig model)
    {
        string config = Path.Combine(folder, "config.json");
        string? modelType = null;
        if (File.Exists(config))
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(config));
            modelType = document.RootElement.TryGetProperty("model_type", out JsonElement type) ? type.GetString() : null;
            if (document.RootElement.TryGetProperty("pretrained_cfg", out _))
            {
                using FileStream stream = File.OpenRead(config);
                return TimmPretrainedConfig.Read(stream, config);
            }
        }
        string preprocessor = Path.Combine(folder, "preprocessor_config.json");
        if (!File.Exists(preprocessor))
        {
            return null;
        }
        using FileStream json = File.OpenRead(preprocessor);
        return PreprocessorConfig.Read(json, preprocessor, model.Channels, modelType);
    }

    private static Preprocessing Habit(ArchitectureDraft draft, CheckpointNaming naming)
    {
        VitConfig model = draft.Config;
        var plain = new Preprocessing { Size = model.ImageSize, Channels = model.Channels };
        draft.Doubt("preprocessing", $"No preprocessing is stated; as usual for {naming.Name}'s checkpoints is taken. VitCheckpoint.Preprocessing corrects it.");
        return naming == CheckpointNaming.Torchvision && model.Channels == 3
            ? new Preprocessing
            {
                Size = model.ImageSize,
                ResizeTo = new((int)Math.Round(model.ImageSize.Height / 0.875), (int)Math.Round(model.ImageSize.Width / 0.875)),
                KeepAspectRatio = true,
                CropRoundsToEven = true,
                Interpolation = Interpolation.Bilinear,
                Mean = s_imageNetMean,
                Std = s_imageNetStd,
            }
            : plain with { Interpolation = naming == CheckpointNaming.Timm ? Interpolation.Bicubic : Interpolation.Bilinear };
    }
}
