using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.Vit.Tests.Interop;

/// <summary>
/// The symbol versions that an ELF64 library needs, read as the dynamic linker reads them: from the dynamic segment, without the section headers.
/// </summary>
internal static class ElfVersionNeeds
{
    // Types of segments and tags of the dynamic table (ELF specification; the last two are the GNU extension's).
    private const uint LoadSegment = 1;
    private const uint DynamicSegment = 2;
    private const ulong StringTable = 5;
    private const ulong VersionNeeds = 0x6ffffffe;
    private const ulong VersionNeedsCount = 0x6fffffff;

    /// <summary>Every version needed, and whether the hash beside it is the name's.</summary>
    public static IReadOnlyList<(string Version, bool HashFits)> Of(byte[] elf)
    {
        (uint Type, ulong Offset, ulong Address, ulong Size)[] segments =
            [.. Enumerable.Range(0, U16(elf, 56)).Select(i => (int)U64(elf, 32) + (i * 56)).Select(at => (U32(elf, at), U64(elf, at + 8), U64(elf, at + 16), U64(elf, at + 32)))];
        var dynamic = new Dictionary<ulong, ulong>();
        for (int at = (int)segments.Single(segment => segment.Type == DynamicSegment).Offset; U64(elf, at) != 0; at += 16)
        {
            dynamic[U64(elf, at)] = U64(elf, at + 8);
        }
        int OffsetOf(ulong address) => segments.Where(segment => segment.Type == LoadSegment && address >= segment.Address && address < segment.Address + segment.Size)
            .Select(segment => (int)(address - segment.Address + segment.Offset)).Single();

        var needs = new List<(string, bool)>();
        int strings = OffsetOf(dynamic[StringTable]);
        int library = OffsetOf(dynamic[VersionNeeds]);
        for (ulong i = 0; i < dynamic[VersionNeedsCount]; i++)
        {
            int entry = library + (int)U32(elf, library + 8);
            for (int j = 0; j < U16(elf, library + 2); j++)
            {
                string version = Text(elf, strings + (int)U32(elf, entry + 8));
                needs.Add((version, U32(elf, entry) == Hash(version)));
                entry += (int)U32(elf, entry + 12);
            }
            library += (int)U32(elf, library + 12);
        }
        return needs;
    }

    /// <summary>The hash function of the ELF specification.</summary>
    private static uint Hash(string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }
        return hash;
    }

    private static string Text(byte[] elf, int offset) => Encoding.ASCII.GetString(elf, offset, Array.IndexOf(elf, (byte)0, offset) - offset);

    private static ushort U16(byte[] elf, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(offset));

    private static uint U32(byte[] elf, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(offset));

    private static ulong U64(byte[] elf, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(elf.AsSpan(offset));
}
