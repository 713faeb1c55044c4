using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Reads a range of a file into a tensor's memory with no copy between. Two threads share a large tensor: one alone does not keep up with what memory can take, since
/// the kernel both copies the cached pages and maps fresh ones.
/// </summary>
internal static class ParallelFileReader
{
    private const int Threads = 2;
    private const int LeastBytesForThreads = 1 << 20;
    private const int CallBytes = 1 << 24;

    /// <summary>Fills a contiguous tensor (n) on the CPU.</summary>
    /// <param name="file">The file; its position is neither used nor changed.</param>
    /// <param name="offset">Where the tensor's bytes begin.</param>
    /// <param name="flat">What is filled.</param>
    /// <param name="what">The file and tensor for messages.</param>
    /// <exception cref="InvalidDataException">The file ends within the range.</exception>
    public static unsafe void Read(FileStream file, long offset, Tensor flat, string what)
    {
        long length = flat.numel() * flat.ElementSize;
        if (length == 0)
        {
            return;
        }
        using Tensor first = flat.narrow(0, 0, 1); // a span cannot hold more than 2 GB
        fixed (byte* start = first.bytes)
        {
            byte* memory = start;
            if (length < LeastBytesForThreads)
            {
                ReadRange(file, offset, memory, length, what);
                return;
            }
            long share = (length + Threads - 1) / Threads;
            try
            {
                Parallel.For(0, Threads, i => ReadRange(file, offset + (i * share), memory + (i * share), Math.Min(share, length - (i * share)), what));
            }
            catch (AggregateException error)
            {
                ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
            }
        }
    }

    private static unsafe void ReadRange(FileStream file, long offset, byte* memory, long length, string what)
    {
        for (long done = 0; done < length;)
        {
            int read = RandomAccess.Read(file.SafeFileHandle, new Span<byte>(memory + done, (int)Math.Min(CallBytes, length - done)), offset + done);
            if (read == 0)
            {
                throw new InvalidDataException($"{what} is cut off; expected {length - done} more bytes at least.");
            }
            done += read;
        }
    }
}
