using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>Rows of floats to rows of bytes, on libtorch's threads. libtorch's own quantisation would take a pass over memory more.</summary>
internal static unsafe class ByteRows
{
    /// <summary>Floats for a thread to be worth its waking.</summary>
    private const int Grain = 1 << 15;

    private static readonly int s_step = Vector512<float>.Count;

    /// <summary>round(x / scale) + zero point of float32 (rows, D), contiguous.</summary>
    public static Tensor Quantize(Tensor x, LinearQuantization quantization)
    {
        Tensor bytes = empty(x.shape, ScalarType.Byte);
        var rows = new Rows(x, bytes) { Factor = 1 / quantization.InputScale, Offset = quantization.InputZeroPoint };
        Int8Kernels.ForRows(x.size(0), Math.Max(1, Grain / rows.Length), &QuantizeRows, &rows);
        return bytes;
    }

    /// <summary>Normalises float32 (rows, D), contiguous, row by row, and rounds normalised * scale + shift.</summary>
    /// <param name="x">The rows.</param>
    /// <param name="scale">Of each channel; pinned.</param>
    /// <param name="shift">Of each channel, the zero point in it; pinned.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public static Tensor Normalize(Tensor x, float[] scale, float[] shift, float epsilon)
    {
        Tensor bytes = empty(x.shape, ScalarType.Byte);
        var rows = new Rows(x, bytes)
        {
            Scale = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(scale)),
            Shift = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(shift)),
            Epsilon = epsilon,
        };
        Int8Kernels.ForRows(x.size(0), Math.Max(1, Grain / rows.Length), &NormalizeRows, &rows);
        return bytes;
    }

    /// <summary>Rounds x * factor + offset of so many floats to bytes.</summary>
    public static void Store(float* x, float factor, float offset, long count, byte* y)
    {
        long i = 0;
        var factors = Vector512.Create(factor);
        var offsets = Vector512.Create(offset);
        for (; i <= count - s_step; i += s_step)
        {
            Store(Vector512.FusedMultiplyAdd(Vector512.Load(x + i), factors, offsets), y + i);
        }
        for (; i < count; i++)
        {
            y[i] = ToByte(float.FusedMultiplyAdd(x[i], factor, offset));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void QuantizeRows(long begin, long end, void* context)
    {
        ref readonly Rows rows = ref *(Rows*)context;
        Store(rows.Input + (begin * rows.Length), rows.Factor, rows.Offset, (end - begin) * rows.Length, rows.Output + (begin * rows.Length));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void NormalizeRows(long begin, long end, void* context)
    {
        ref readonly Rows rows = ref *(Rows*)context;
        for (long row = begin; row < end; row++)
        {
            NormalizeRow(rows, rows.Input + (row * rows.Length), rows.Output + (row * rows.Length));
        }
    }

    private static void NormalizeRow(in Rows rows, float* x, byte* y)
    {
        int length = rows.Length, i = 0;
        (float mean, float inverse) = RowNormalization.Of(x, length, rows.Epsilon);
        var means = Vector512.Create(mean);
        var inverses = Vector512.Create(inverse);
        for (; i <= length - s_step; i += s_step)
        {
            Vector512<float> normalized = (Vector512.Load(x + i) - means) * inverses;
            Store(Vector512.FusedMultiplyAdd(normalized, Vector512.Load(rows.Scale + i), Vector512.Load(rows.Shift + i)), y + i);
        }
        for (; i < length; i++)
        {
            y[i] = ToByte(float.FusedMultiplyAdd((x[i] - mean) * inverse, rows.Scale[i], rows.Shift[i]));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> values, byte* y)
    {
        Vector512<float> bounded = Vector512.MinNative(Vector512.MaxNative(values, Vector512<float>.Zero), Vector512.Create(255f));
        Vector512<int> whole = Vector512.ConvertToInt32Native(Vector512.Round(bounded));
        Vector256<short> halves = Vector256.Narrow(whole.GetLower(), whole.GetUpper());
        Vector128.Narrow(halves.GetLower().AsUInt16(), halves.GetUpper().AsUInt16()).Store(y);
    }

    private static byte ToByte(float value) => (byte)Math.Clamp(MathF.Round(value), 0f, 255f);

    /// <summary>What the threads are given.</summary>
    private readonly struct Rows
    {
        public Rows(Tensor input, Tensor output)
        {
            Input = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(input.bytes));
            Output = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(output.bytes));
            Length = checked((int)input.size(1));
        }

        public float* Input { get; }

        public byte* Output { get; }

        public int Length { get; }

        public float Factor { get; init; }

        public float Offset { get; init; }

        public float* Scale { get; init; }

        public float* Shift { get; init; }

        public float Epsilon { get; init; }
    }
}
