using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vit.Jpeg;

/// <summary>
/// A place in the bits of a <see cref="JpegSegment"/>, with the next ones at hand. A copy in a local variable is quick, since the processor's registers hold it, and is put back when it is done.
/// </summary>
internal struct JpegBits
{
    // The next bits from the highest one on, of which this many are counted; those behind are right, too, or 0.
    private ulong _held;
    private int _count;
    // The byte that the first bit which is not counted belongs to.
    private int _position;

    /// <summary>How many bits were taken.</summary>
    public readonly long Taken => 8L * _position - _count;

    /// <summary>Holds 56 bits at least: enough for two codes and the values behind them. No branch: how often that is due, nobody could foresee.</summary>
    /// <param name="bytes">A segment's bytes, of which eight from the place on are there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill(ReadOnlySpan<byte> bytes)
    {
        _held |= BinaryPrimitives.ReadUInt64BigEndian(bytes[_position..]) >> _count;
        _position += (63 - _count) >> 3;
        _count |= 56;
    }

    /// <summary>The next bits, 1 to 31, which stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Peek(int count) => (int)(_held >> (64 - count));

    /// <summary>Takes so many bits, of which the last are a number, whose highest bit 0 says that it is negative.</summary>
    /// <param name="all">Bits taken, 0 to 31, in its lowest six bits; what is above them does not matter, so that nobody loses time taking it away.</param>
    /// <param name="count">The number's bits, 0 to those taken.</param>
    /// <returns>The number; 0 of no bits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Take(int all, int count)
    {
        int value = (int)(_held >> -all) & ((1 << count) - 1);
        _held <<= all;
        _count -= all & 63;
        // No branch: signs are as good as random. Of no bits, the value is 0 and so is what is added.
        return value + (((value - ((1 << count) >> 1)) >> 31) & (1 - (1 << count)));
    }
}
