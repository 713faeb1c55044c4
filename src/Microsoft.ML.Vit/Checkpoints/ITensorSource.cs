using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Named tensors in a container, whichever its format: what they are called is not its business.</summary>
internal interface ITensorSource : IDisposable
{
    /// <summary>The container's name for messages.</summary>
    string Source { get; }

    /// <summary>The tensors, in the order in which they are read fastest, or at all where the container cannot be read backwards.</summary>
    IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>Reads one tensor on the CPU in the type it is stored in; an unsigned type that libtorch lacks becomes the next wider.</summary>
    /// <exception cref="FormatException">Its type cannot be read.</exception>
    /// <exception cref="InvalidDataException">The container ends within it.</exception>
    Tensor Read(TensorEntry entry);

    /// <summary>Reads one tensor into another of the same shape, converting type and device where they differ.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="FormatException">Its type cannot be read.</exception>
    /// <exception cref="InvalidDataException">The container ends within it.</exception>
    void ReadInto(TensorEntry entry, Tensor destination);

    /// <summary>Called when all is read: proves that nothing follows, where opening could not.</summary>
    /// <exception cref="FormatException">Something follows.</exception>
    void ThrowIfMoreFollows()
    {
    }
}
