using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Jpeg;

/// <summary>A Huffman code of a JPEG file (ITU-R T.81, annex C), with tables of what the next bits mean.</summary>
internal sealed class JpegHuffmanTable
{
    private const int LookupBits = 11;
    private const int LongestCode = 16;

    /// <summary>Stands for bits that are no code: more zeros before a value than a block has places.</summary>
    private const int NoCode = (64 << 4) | 1;

    /// <summary>Of an entry, those for the lengths: as many as a processor looks at when it shifts by an entry.</summary>
    private const int LengthBits = 6;

    /// <summary>Bits of a value: more than eight bits a pixel make none longer.</summary>
    private const int LongestValue = 11;

    private readonly byte[] _symbols;
    // By the next bits: what they begin with; 0 where the code is longer than they are.
    private readonly int[] _lookup = new int[1 << LookupBits];
    // By length: one above the last code, moved up to the longest code's place; and what is added to a code for the place of its symbol.
    private readonly int[] _ends = new int[LongestCode + 1];
    private readonly int[] _offsets = new int[LongestCode + 1];

    private JpegHuffmanTable(byte[] symbols) => _symbols = symbols;

    /// <summary>Makes the tables.</summary>
    /// <param name="counts">Codes of the lengths 1 to 16.</param>
    /// <param name="symbols">Their symbols, as many as the counts' sum.</param>
    /// <returns>Null where these make no code.</returns>
    public static JpegHuffmanTable? Of(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        var table = new JpegHuffmanTable(symbols.ToArray());
        int code = 0;
        int place = 0;
        for (int length = 1; length <= LongestCode; length++, code <<= 1)
        {
            table._offsets[length] = place - code;
            for (int i = 0; i < counts[length - 1]; i++, code++, place++)
            {
                if (code >= 1 << length)
                {
                    return null;
                }
                table.Add(code, length, symbols[place]);
            }
            table._ends[length] = code << (LongestCode - length);
        }
        return table;
    }

    /// <summary>Takes a code and the value behind it, 27 bits at most. They must be there.</summary>
    /// <param name="bits">Where from.</param>
    /// <param name="symbol">What the code stands for: the zeros before the value, times 16, and the value's bits; above 255 where the bits are no code.</param>
    /// <returns>The value; 0 where it has no bits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Take(ref JpegBits bits, out int symbol)
    {
        int entry = Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_lookup), bits.Peek(LookupBits));
        if (entry == 0)
        {
            entry = LongEntry(bits.Peek(LongestCode));
        }
        // What follows needs only the sum of both lengths: one look into a table for a code and its value.
        symbol = entry >> LengthBits;
        return bits.Take(entry, symbol & 15);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int LongEntry(int next)
    {
        for (int length = LookupBits + 1; length <= LongestCode; length++)
        {
            if (next < _ends[length])
            {
                int place = (next >> (LongestCode - length)) + _offsets[length];
                return (uint)place < (uint)_symbols.Length ? Entry(length, _symbols[place]) : Entry(1, NoCode);
            }
        }
        return Entry(1, NoCode);
    }

    private void Add(int code, int length, byte symbol)
    {
        if (length <= LookupBits)
        {
            int free = LookupBits - length;
            _lookup.AsSpan(code << free, 1 << free).Fill(Entry(length, symbol));
        }
    }

    /// <summary>The bits that a code and its value have, and the symbol above them.</summary>
    private static int Entry(int length, int symbol) => (symbol & 15) <= LongestValue ? (symbol << LengthBits) | (length + (symbol & 15)) : Entry(1, NoCode);
}
