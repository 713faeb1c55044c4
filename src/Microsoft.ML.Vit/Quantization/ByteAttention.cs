using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>
/// Attention between two products of bytes: queries, keys and values as float32 in, the heads' results as bytes out, each head of each image in one go within a core's cache. libtorch's way by single
/// operations takes twice as long, a third of a quantised block.
/// </summary>
internal static unsafe class ByteAttention
{
    /// <summary>Fewer leave most of a tile of queries empty.</summary>
    private const int FewestTokens = 4;

    /// <summary>From here on the weights of a few rows no longer stay in the cache, and libtorch's fused kernel is the faster.</summary>
    private const int MostTokens = 640;

    /// <summary>Whether it can be used and pays.</summary>
    public static bool Pays(long tokens, int headSize) => MatrixKernel.IsSupported && headSize % MatrixKernel.Lanes == 0 && tokens is >= FewestTokens and < MostTokens;

    /// <summary>softmax(Q Kᵀ / √size) V, as bytes (rows, D), of float32 (rows, 3D), contiguous, queries, keys and values head by head.</summary>
    /// <param name="qkv">The rows, tokens of an image one after the other.</param>
    /// <param name="tokens">Of an image.</param>
    /// <param name="headSize">Channels of a head.</param>
    /// <param name="next">The product that reads the bytes.</param>
    public static Tensor Apply(Tensor qkv, long tokens, int headSize, LinearQuantization next)
    {
        long rows = qkv.size(0), width = qkv.size(1) / 3;
        Tensor bytes = empty([rows, width], ScalarType.Byte);
        var work = new Work
        {
            Input = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(qkv.bytes)),
            Output = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes.bytes)),
            Tokens = (int)tokens,
            Width = (int)width,
            HeadSize = headSize,
            Factor = 1 / next.InputScale,
            Offset = next.InputZeroPoint,
        };
        Int8Kernels.ForRows(rows / tokens * (width / headSize), 1, &Heads, &work);
        return bytes;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Heads(long begin, long end, void* context)
    {
        ref readonly Work work = ref *(Work*)context;
        using var kernel = new AttentionKernel(work.Tokens, work.HeadSize);
        int heads = work.Width / work.HeadSize;
        for (long head = begin; head < end; head++)
        {
            Head(work, head / heads * work.Tokens, (int)(head % heads) * work.HeadSize, kernel);
        }
    }

    private static void Head(in Work work, long first, int channel, AttentionKernel kernel)
    {
        const int Rows = MatrixKernel.Rows;
        int stride = 3 * work.Width, tokens = work.Tokens, size = work.HeadSize;
        float* query = work.Input + (first * stride) + channel;
        kernel.Take(query + work.Width, query + (2 * work.Width), stride);
        float* queries = stackalloc float[Rows * size], results = stackalloc float[Rows * size];
        for (int row = 0; row < tokens; row += Rows)
        {
            for (int r = 0; r < Rows; r++)
            {
                // The last group is filled up by its last query: the kernel reads whole tiles, and the input may end here.
                float* from = query + ((long)Math.Min(row + r, tokens - 1) * stride);
                Unsafe.CopyBlockUnaligned(queries + (r * size), from, (uint)size * sizeof(float));
            }
            kernel.Attend(queries, size, Rows, results, size);
            for (int r = 0; r < Math.Min(Rows, tokens - row); r++)
            {
                ByteRows.Store(results + (r * size), work.Factor, work.Offset, size, work.Output + ((first + row + r) * work.Width) + channel);
            }
        }
    }

    private readonly struct Work
    {
        public float* Input { get; init; }

        public byte* Output { get; init; }

        public int Tokens { get; init; }

        public int Width { get; init; }

        public int HeadSize { get; init; }

        public float Factor { get; init; }

        public float Offset { get; init; }
    }
}
