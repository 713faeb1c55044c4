using System.Globalization;

namespace Microsoft.ML.Vit;

public sealed partial record VitConfig
{
    // Limits are far above any published model: they keep products within range and a hostile file from asking for the machine's memory.
    private const int MaxSide = 1 << 14;
    private const int MaxChannels = 1 << 12;
    private const int MaxPatchTokens = 1 << 16;
    private const int MaxWidth = 1 << 15;
    private const int MaxDepth = 1 << 9;
    private const int MaxRegisters = 1 << 10;
    private const int MaxClasses = 1 << 20;
    private const double MaxMlpRatio = 64;
    private const long MaxParameters = 1L << 33;

    /// <summary>All that is wrong with this configuration, each a sentence that names the property, its value and what is expected; empty when it is sound.</summary>
    internal IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        bool Require(bool holds, FormattableString sentence)
        {
            if (!holds)
            {
                problems.Add(sentence.ToString(CultureInfo.InvariantCulture));
            }
            return holds;
        }
        bool Range(string name, double value, double from, double to) =>
            Require(value >= from && value <= to, $"{name} is {value}; expected {from} to {to}.");
        void Rate(string name, double value) => Require(value is >= 0 and < 1, $"{name} is {value}; expected 0 to below 1.");
        void Defined<T>(string name, T value) where T : struct, Enum =>
            Require(Enum.IsDefined(value), $"{name} is {value}; expected one of {string.Join(", ", Enum.GetNames<T>())}.");
        bool Side(string name, PixelSize value) => Require(
            value.Height is >= 1 and <= MaxSide && value.Width is >= 1 and <= MaxSide, $"{name} is {value}; expected sides of 1 to {MaxSide} pixels.");

        // A relation between properties is asked only of properties that are sound by themselves.
        bool patch = Side(nameof(PatchSize), PatchSize);
        bool image = Side(nameof(ImageSize), ImageSize) && patch;
        bool width = Range(nameof(Width), Width, 1, MaxWidth);
        bool heads = Range(nameof(Heads), Heads, 1, MaxWidth) && width;
        Range(nameof(Channels), Channels, 1, MaxChannels);
        Range(nameof(Depth), Depth, 1, MaxDepth);
        bool ratio = Range(nameof(MlpRatio), MlpRatio, 0, MaxMlpRatio) && width;
        Range(nameof(RegisterTokens), RegisterTokens, 0, MaxRegisters);
        Range(nameof(Classes), Classes, 0, MaxClasses);
        Range(nameof(HeadHiddenSize), HeadHiddenSize ?? 1, 1, MaxWidth);
        Defined(nameof(Stem), Stem);
        Defined(nameof(Pooling), Pooling);
        Defined(nameof(Distillation), Distillation);
        Defined(nameof(Positions), Positions);
        Defined(nameof(Activation), Activation);
        Defined(nameof(HeadActivation), HeadActivation);
        Require(double.IsFinite(LayerScale ?? 0), $"{nameof(LayerScale)} is {LayerScale}; expected a finite number or null.");
        Require(NormEpsilon is > 0 and <= 1, $"{nameof(NormEpsilon)} is {NormEpsilon}; expected above 0, at most 1.");
        Rate(nameof(Dropout), Dropout);
        Rate(nameof(AttentionDropout), AttentionDropout);
        Rate(nameof(DropPath), DropPath);
        Rate(nameof(PatchDropout), PatchDropout);
        Require(HasClassToken || Pooling is not (VitPooling.ClassToken or VitPooling.ClassTokenAndMean), $"{nameof(Pooling)} is {Pooling}, but {nameof(HasClassToken)} is false; expected {VitPooling.Mean}, or a class token.");
        Require(HasClassToken || !HasDistillationToken, $"{nameof(Distillation)} is {Distillation}, but {nameof(HasClassToken)} is false; expected {VitDistillation.None}, or a class token.");
        Require(
            Distillation != VitDistillation.TokenAndHead || (Pooling == VitPooling.ClassToken && HeadHiddenSize is null && Classes > 0),
            $"{nameof(Distillation)} is {Distillation}, whose two heads are linear and read tokens; expected {nameof(Pooling)} {VitPooling.ClassToken}, no {nameof(HeadHiddenSize)} and {nameof(Classes)} above 0.");

        bool divides = image && Require(
            ImageSize.Height % PatchSize.Height == 0 && ImageSize.Width % PatchSize.Width == 0,
            $"{nameof(ImageSize)} is {ImageSize}; expected height and width divisible by those of {nameof(PatchSize)}, {PatchSize}.");
        _ = divides && Require(PatchTokens <= MaxPatchTokens, $"{nameof(ImageSize)} is {ImageSize} with {nameof(PatchSize)} {PatchSize}; expected at most {MaxPatchTokens} patches.");
        _ = heads && Require(Width % Heads == 0, $"{nameof(Width)} is {Width}; expected a multiple of {nameof(Heads)}, {Heads}.");
        _ = ratio && Require(Width * MlpRatio >= 1, $"{nameof(MlpRatio)} is {MlpRatio}; expected at least one hidden unit for {nameof(Width)} {Width}.");
        _ = width && Require(
            Positions != VitPositions.FixedSinCos || Width % 4 == 0, $"{nameof(Width)} is {Width}; expected a multiple of 4 for {nameof(Positions)} {VitPositions.FixedSinCos}.");
        if (Stem == VitStem.Convolutions && patch)
        {
            bool power = Require(
                PatchSize.Height == PatchSize.Width && PatchSize.Height >= 2 && int.IsPow2(PatchSize.Height),
                $"{nameof(PatchSize)} is {PatchSize}; expected a square whose side is a power of two, at least 2, for {nameof(Stem)} {Stem}.");
            _ = power && width && Require(Width >= PatchSize.Height, $"{nameof(Width)} is {Width}; expected at least {PatchSize.Height}, the side of {nameof(PatchSize)}, for {nameof(Stem)} {Stem}.");
        }
        if (problems.Count == 0)
        {
            Require(ParameterCount <= MaxParameters, $"The network would have {ParameterCount} parameters; expected at most {MaxParameters}.");
        }
        return problems;
    }
}
