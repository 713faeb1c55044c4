namespace Microsoft.ML.Vit.Batching;

/// <summary>One reading of images: by one thread in the order announced where the source has a <see cref="IPixelSource.Window"/>, else by any threads in any order.</summary>
internal interface IPixelPass : IDisposable
{
    /// <summary>The pixels of an image.</summary>
    /// <param name="index">Which image.</param>
    /// <param name="buffer">Room for one, the calling thread's own, which may or may not be used.</param>
    /// <returns>The pixels, there until the thread's next call.</returns>
    ReadOnlySpan<byte> Read(int index, Span<byte> buffer);
}
