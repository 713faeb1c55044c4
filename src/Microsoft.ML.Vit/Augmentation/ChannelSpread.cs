using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>How the values of one channel of one image lie.</summary>
/// <param name="Low">The least.</param>
/// <param name="High">The greatest.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Std">Their standard deviation.</param>
internal readonly record struct ChannelSpread(double Low, double High, double Mean, double Std)
{
    /// <summary>Of these values, at least one.</summary>
    public static ChannelSpread Of<T>(ReadOnlySpan<T> values)
        where T : unmanaged, INumber<T>
    {
        if (typeof(T) == typeof(byte))
        {
            return Of(MemoryMarshal.Cast<T, byte>(values));
        }
        double first = double.CreateTruncating(values[0]);
        double low = first;
        double high = first;
        // Sums of what lies beside the first value: equal values have a deviation of exactly 0.
        double sum = 0;
        double squares = 0;
        foreach (T value in values)
        {
            double number = double.CreateTruncating(value);
            low = Math.Min(low, number);
            high = Math.Max(high, number);
            sum += number - first;
            squares += (number - first) * (number - first);
        }
        double offset = sum / values.Length;
        return new(low, high, first + offset, Math.Sqrt(Math.Max(0, squares / values.Length - offset * offset)));
    }
    private static ChannelSpread Of(ReadOnlySpan<byte> values)
    {
        byte low = 255, high = 0;
        long sum = 0, squares = 0;
        double count = values.Length;
        while (values.Length >= Vector<byte>.Count)
        {
            // As many at once as 32 bits hold the squares of.
            ReadOnlySpan<Vector<byte>> some = MemoryMarshal.Cast<byte, Vector<byte>>(values[..Math.Min(values.Length, 1 << 16)]);
            var (lows, highs, sums, squaresSums) = (new Vector<byte>(low), new Vector<byte>(high), Vector<uint>.Zero, Vector<uint>.Zero);
            foreach (Vector<byte> bytes in some)
            {
                lows = Vector.Min(lows, bytes);
                highs = Vector.Max(highs, bytes);
                Vector.Widen(bytes, out Vector<ushort> first, out Vector<ushort> second);
                sums += Pairs(first) + Pairs(second);
                squaresSums += Pairs(first * first) + Pairs(second * second);
            }
            for (int lane = 0; lane < Vector<byte>.Count; lane++)
            {
                low = Math.Min(low, lows[lane]);
                high = Math.Max(high, highs[lane]);
            }
            sum += Vector.Sum(sums);
            squares += Vector.Sum(squaresSums);
            values = values[(some.Length * Vector<byte>.Count)..];
        }
        foreach (byte value in values)
        {
            low = Math.Min(low, value);
            high = Math.Max(high, value);
            sum += value;
            squares += value * value;
        }
        return new(low, high, sum / count, Math.Sqrt(count * squares - (double)sum * sum) / count);
    }

    /// <summary>Twos of the values added.</summary>
    private static Vector<uint> Pairs(Vector<ushort> values)
    {
        Vector.Widen(values, out Vector<uint> first, out Vector<uint> second);
        return first + second;
    }
}
