using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Mixes two rows of pixels by vector instructions.</summary>
internal static class RowMixer
{
    /// <summary>Writes above x (1 - share) + below x share; bytes are rounded, half to even.</summary>
    /// <param name="above">Values, 0 to 255 where the target is bytes.</param>
    /// <param name="below">As many.</param>
    /// <param name="share">Of those below, 0 to 1.</param>
    /// <param name="target">As many bytes or floats.</param>
    public static void Mix<T>(ReadOnlySpan<float> above, ReadOnlySpan<float> below, float share, Span<T> target)
        where T : unmanaged, INumber<T>
    {
        int done = typeof(T) == typeof(byte)
            ? MixBytes(above, below, share, MemoryMarshal.Cast<T, byte>(target))
            : MixFloats(above, below, share, MemoryMarshal.Cast<T, float>(target));
        for (int x = done; x < target.Length; x++)
        {
            float value = above[x] * (1 - share) + below[x] * share;
            target[x] = typeof(T) == typeof(byte) ? T.CreateSaturating(MathF.Round(value)) : T.CreateTruncating(value);
        }
    }

    private static int MixFloats(ReadOnlySpan<float> above, ReadOnlySpan<float> below, float share, Span<float> target)
    {
        int x = 0;
        for (; x <= target.Length - Vector<float>.Count; x += Vector<float>.Count)
        {
            (new Vector<float>(above[x..]) * (1 - share) + new Vector<float>(below[x..]) * share).CopyTo(target[x..]);
        }
        return x;
    }

    private static int MixBytes(ReadOnlySpan<float> above, ReadOnlySpan<float> below, float share, Span<byte> target)
    {
        Vector128<float> Rounded(ReadOnlySpan<float> above, ReadOnlySpan<float> below, int x) =>
            Vector128.Round(Vector128.Create(above.Slice(x, 4)) * (1 - share) + Vector128.Create(below.Slice(x, 4)) * share);
        int x = 0;
        for (; x <= target.Length - Vector128<byte>.Count; x += Vector128<byte>.Count)
        {
            Vector128<short> first = Vector128.Narrow(Vector128.ConvertToInt32(Rounded(above, below, x)), Vector128.ConvertToInt32(Rounded(above, below, x + 4)));
            Vector128<short> second = Vector128.Narrow(Vector128.ConvertToInt32(Rounded(above, below, x + 8)), Vector128.ConvertToInt32(Rounded(above, below, x + 12)));
            Vector128.Narrow(first, second).AsByte().CopyTo(target[x..]);
        }
        return x;
    }
}
