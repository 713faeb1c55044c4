using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>A vector of bytes as four vectors of integers, to be computed with.</summary>
internal struct ByteQuarters
{
    /// <summary>The first quarter of the bytes.</summary>
    public Vector<int> First;

    /// <summary>The second.</summary>
    public Vector<int> Second;

    /// <summary>The third.</summary>
    public Vector<int> Third;

    /// <summary>The last.</summary>
    public Vector<int> Fourth;

    /// <summary>Of the first bytes of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteQuarters Of(ReadOnlySpan<byte> bytes)
    {
        Vector.Widen(new Vector<byte>(bytes), out Vector<ushort> low, out Vector<ushort> high);
        return Of(low, high);
    }

    /// <summary>Of the two halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteQuarters Of(Vector<ushort> low, Vector<ushort> high)
    {
        Vector.Widen(low, out Vector<uint> first, out Vector<uint> second);
        Vector.Widen(high, out Vector<uint> third, out Vector<uint> fourth);
        return new()
        {
            First = Vector.AsVectorInt32(first),
            Second = Vector.AsVectorInt32(second),
            Third = Vector.AsVectorInt32(third),
            Fourth = Vector.AsVectorInt32(fourth),
        };
    }

    /// <summary>Writes them as bytes; all lie within 0 to 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void CopyTo(Span<byte> bytes) =>
        Vector.AsVectorByte(Vector.Narrow(Vector.Narrow(First, Second), Vector.Narrow(Third, Fourth))).CopyTo(bytes);
}
