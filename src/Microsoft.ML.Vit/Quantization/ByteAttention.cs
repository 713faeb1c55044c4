using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Vit.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>
/// Attention between two products of bytes: queries, keys and values as float32 in, the heads' results as bytes out, each head of each image in one go within a core's cache. libtorch's way by single
/// operations takes twice as long, a third of a quantised block.
/// </summary>
internal static unsafe class ByteAttention
{
    /// <summary>Rows of queries that go together.</summary>
    private const int RowsAtOnce = 4;

    /// <summary>From here on the weights of a few rows no longer stay in the cache, and libtorch's fused kernel is the faster.</summary>
    private const int MostTokens = 640;

    private static readonly int s_step = Vector512<float>.Count;

    /// <summary>Whether it can be used and pays.</summary>
    public static bool Pays(long tokens, int headSize) => Vector512.IsHardwareAccelerated && headSize % s_step == 0 && tokens is >= RowsAtOnce and < MostTokens;

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
        int padded = (work.Tokens + s_step - 1) / s_step * s_step;
        // Keys with their tokens side by side, values, then a few rows of weights and of results.
        int matrix = work.HeadSize * padded;
        float* keys = (float*)NativeMemory.AlignedAlloc((nuint)((2 * matrix) + (RowsAtOnce * (padded + work.HeadSize))) * sizeof(float), 64);
        float* values = keys + matrix, weights = values + matrix, results = weights + (RowsAtOnce * padded);
        new Span<float>(keys, matrix).Clear(); // past the last token, where the products are not used but must not be slow
        int heads = work.Width / work.HeadSize;
        for (long head = begin; head < end; head++)
        {
            long first = head / heads * work.Tokens;
            Head(work, first, (int)(head % heads) * work.HeadSize, padded, keys, values, weights, results);
        }
        NativeMemory.AlignedFree(keys);
    }

    private static void Head(in Work work, long first, int channel, int padded, float* keys, float* values, float* weights, float* results)
    {
        int stride = 3 * work.Width, tokens = work.Tokens, size = work.HeadSize;
        float* query = work.Input + (first * stride) + channel, key = query + work.Width, value = key + work.Width;
        // Copied, for the rows' distance is often a multiple of a power of two, at which a cache holds few of them.
        for (int t = 0; t < tokens; t++, key += stride, value += stride)
        {
            for (int d = 0; d < size; d++)
            {
                keys[((long)d * padded) + t] = key[d];
            }
            Unsafe.CopyBlockUnaligned(values + ((long)t * size), value, (uint)size * sizeof(float));
        }
        float toBase2 = MathF.Log2(MathF.E) / MathF.Sqrt(size);
        float* inverses = stackalloc float[RowsAtOnce];
        for (int row = 0; row < tokens; row += RowsAtOnce)
        {
            int start = Math.Min(row, tokens - RowsAtOnce); // the last group moves up, and does some rows twice
            FourRows.Multiply(query + ((long)start * stride), stride, keys, padded, size, padded, weights, padded);
            for (int r = 0; r < RowsAtOnce; r++)
            {
                inverses[r] = work.Factor / Exponentiate(weights + ((long)r * padded), tokens, padded, toBase2);
            }
            FourRows.Multiply(weights, padded, values, size, tokens, size, results, size);
            for (int r = 0; r < RowsAtOnce; r++)
            {
                ByteRows.Store(results + ((long)r * size), inverses[r], work.Offset, size, work.Output + ((first + start + r) * work.Width) + channel);
            }
        }
    }

    /// <summary>Turns scores into 2^((score - greatest) * factor), and gives their sum.</summary>
    private static float Exponentiate(float* scores, int count, int padded, float factor)
    {
        for (int t = count; t < padded; t++)
        {
            scores[t] = float.NegativeInfinity;
        }
        var greatest = Vector512.Create(float.NegativeInfinity);
        for (int t = 0; t < padded; t += s_step)
        {
            greatest = Vector512.Max(greatest, Vector512.Load(scores + t));
        }
        float most = float.NegativeInfinity;
        for (int i = 0; i < s_step; i++)
        {
            most = MathF.Max(most, greatest[i]);
        }
        var factors = Vector512.Create(factor);
        var shift = Vector512.Create(-most * factor);
        var sums = Vector512<float>.Zero;
        for (int t = 0; t < padded; t += s_step)
        {
            Vector512<float> power = PowerOf2(Vector512.FusedMultiplyAdd(Vector512.Load(scores + t), factors, shift));
            power.Store(scores + t);
            sums += power;
        }
        return Vector512.Sum(sums);
    }

    /// <summary>2^x of x up to 0, to 2e-7 of its value; 0 below -126.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> PowerOf2(Vector512<float> x)
    {
        x = Vector512.Max(x, Vector512.Create(-127f));
        Vector512<float> whole = Vector512.Round(x), part = x - whole; // the part in -0.5 to 0.5
        // The Taylor series of 2^part.
        var power = Vector512.Create(1.5403530e-4f);
        power = Vector512.FusedMultiplyAdd(power, part, Vector512.Create(1.3333558e-3f));
        power = Vector512.FusedMultiplyAdd(power, part, Vector512.Create(9.6181291e-3f));
        power = Vector512.FusedMultiplyAdd(power, part, Vector512.Create(5.5504109e-2f));
        power = Vector512.FusedMultiplyAdd(power, part, Vector512.Create(2.4022651e-1f));
        power = Vector512.FusedMultiplyAdd(power, part, Vector512.Create(6.9314718e-1f));
        power = Vector512.FusedMultiplyAdd(power, part, Vector512<float>.One);
        // 2^whole by its bits; -127 gives zero.
        Vector512<int> exponent = Vector512.ConvertToInt32Native(whole) + Vector512.Create(127);
        return power * (exponent << 23).AsSingle();
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
