namespace Microsoft.ML.Vit;

/// <summary>How a model is written as ONNX. An immutable value: change it by <c>with</c>.</summary>
public sealed record OnnxOptions
{
    internal const int FirstOpset = 17;
    internal const int LastOpset = 21;

    /// <summary>The first that can resize with antialiasing.</summary>
    internal const int FirstResizingOpset = 18;

    /// <summary>Version of ONNX's operators, 17 to 21; 18 or later with <see cref="IncludePreprocessing"/>. Older ones run in older runtimes, no slower in ONNX Runtime. Default 18.</summary>
    public int Opset { get; init; } = 18;

    /// <summary>
    /// Whether the graph prepares images itself. If so its input is <c>image</c>, bytes (batch, height, width, channels) of images of any one size, and it resizes, cuts out the centre and normalises as
    /// <see cref="Preprocessing"/> says, by nearest, bilinear or bicubic resizing (ONNX has no other); in ONNX Runtime fewer than one value in a thousand differ from the library's, by one level of
    /// 255. Else its input is <c>pixel_values</c>, floats (batch, channels, height, width) that are all that already. Default false.
    /// </summary>
    public bool IncludePreprocessing { get; init; }

    /// <summary>Whether the output is <c>probabilities</c>, the softmax, as the column of scores has it; else it is <c>logits</c>. Either is of floats (batch, classes). Default true.</summary>
    public bool Softmax { get; init; } = true;

    /// <summary>What is wrong with the values, none when they are sound.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Opset is < FirstOpset or > LastOpset)
        {
            yield return $"{nameof(OnnxOptions)}.{nameof(Opset)} is {Opset}; expected {FirstOpset} to {LastOpset}.";
        }
        else if (IncludePreprocessing && Opset < FirstResizingOpset)
        {
            yield return $"{nameof(OnnxOptions)}.{nameof(Opset)} is {Opset}; expected at least {FirstResizingOpset} with {nameof(IncludePreprocessing)}, since older ones resize without antialiasing.";
        }
    }
}
