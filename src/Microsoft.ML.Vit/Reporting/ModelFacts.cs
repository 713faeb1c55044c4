using System.Globalization;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>What a model is, in words.</summary>
internal static class ModelFacts
{
    /// <summary>The facts, each with its name.</summary>
    public static IReadOnlyList<(string Name, string Value)> Of(VitConfig model, Preprocessing preprocessing, string device) =>
    [
        ("Architecture", Invariant($"Vision Transformer of depth {model.Depth}, width {model.Width}, {model.Heads} heads, MLP ratio {model.MlpRatio:0.##}")),
        ("Parameters", Figures.Count(model.ParameterCount)),
        ("Input", Invariant($"{model.ImageSize.Height} × {model.ImageSize.Width} pixels, {model.Channels} channels, patches of {model.PatchSize.Height} × {model.PatchSize.Width}")),
        ("Stem and pooling", Invariant($"{model.Stem}, {model.Pooling}, {model.Positions} positions")),
        ("Classes", Figures.Count(model.Classes)),
        ("Preprocessing", Resizing(preprocessing)),
        ("Normalising", Invariant($"value × {Factor(preprocessing.RescaleFactor)}, mean {List(preprocessing.Mean)}, deviation {List(preprocessing.Std)}")),
        ("Device", device),
    ];

    private static string Resizing(Preprocessing preprocessing)
    {
        PixelSize size = preprocessing.Size;
        PixelSize to = preprocessing.ResizeTo ?? size;
        string shape = preprocessing.KeepAspectRatio ? "shorter side" : "stretched";
        string cut = to == size && !preprocessing.KeepAspectRatio ? "" : $", centre {size} cut out";
        return $"{preprocessing.Interpolation.ToString().ToLowerInvariant()} to {to} ({shape}){cut}";
    }

    private static string Factor(double factor) => Math.Abs((factor * 255) - 1) < 1e-6 ? "1/255" : Figures.Number(factor);

    private static string List(IReadOnlyList<double> values) => string.Join(" ", values.Select(value => Figures.Number(value)));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
