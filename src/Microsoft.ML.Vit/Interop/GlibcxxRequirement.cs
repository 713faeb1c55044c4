using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// Lowers what an ELF library asks of libstdc++ from GLIBCXX_3.4.32 (GCC 13) to GLIBCXX_3.4, where the one symbol of that version is
/// <c>std::ios_base_library_init()</c>. <c>std::ios_base::Init::Init()</c> has its effect in every libstdc++ (the standard streams are
/// initialised) and a shorter name, so it fits in place: no size and no offset changes.
/// </summary>
internal static class GlibcxxRequirement
{
    private const string NewVersion = "GLIBCXX_3.4.32";
    private const string OldVersion = "GLIBCXX_3.4";
    private const string NewSymbol = "_ZSt21ios_base_library_initv";
    private const string OldSymbol = "_ZNSt8ios_base4InitC1Ev";

    // Section types of the ELF specification and its GNU extensions.
    private const uint DynamicSymbols = 11;
    private const uint GnuVersionNeeds = 0x6ffffffe;
    private const uint GnuVersionSymbols = 0x6fffffff;

    /// <summary>Rewrites the library in place.</summary>
    /// <param name="elf">A little-endian ELF64 file.</param>
    /// <exception cref="FormatException">It is no such file, or does not need exactly that symbol of that version.</exception>
    public static void Lower(byte[] elf)
    {
        try
        {
            Rewrite(elf);
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException or OverflowException)
        {
            throw new FormatException("its tables point outside the file.", e);
        }
    }

    private static void Rewrite(byte[] elf)
    {
        if (elf.Length < 64 || !elf.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new FormatException("it is not a little-endian ELF64 file.");
        }
        Section symbols = Section.Find(elf, DynamicSymbols, "dynamic symbols");
        Section versions = Section.Find(elf, GnuVersionSymbols, "symbol versions");
        Section needs = Section.Find(elf, GnuVersionNeeds, "version needs");
        int strings = Section.OffsetAt(elf, symbols.Link);

        (int newNeed, int oldNeed) = FindNeeds(elf, needs, strings);
        int symbol = FindOnlySymbolOf(elf, versions, U16(elf, newNeed + 6));
        int name = strings + (int)U32(elf, symbols.Offset + symbol * 24);
        if (Text(elf, name) != NewSymbol)
        {
            throw new FormatException($"the symbol that needs {NewVersion} is {Text(elf, name)}, not {NewSymbol}.");
        }
        elf.AsSpan(name, NewSymbol.Length).Clear();
        Encoding.ASCII.GetBytes(OldSymbol, elf.AsSpan(name));
        // vna_hash and vna_name: the need becomes a second one for the old version; the symbol takes the old version's index (vna_other).
        elf.AsSpan(oldNeed, 4).CopyTo(elf.AsSpan(newNeed));
        elf.AsSpan(oldNeed + 8, 4).CopyTo(elf.AsSpan(newNeed + 8));
        elf.AsSpan(oldNeed + 6, 2).CopyTo(elf.AsSpan(versions.Offset + symbol * 2));
    }

    /// <summary>Offsets of the Elf64_Vernaux entries (hash, flags, other, name, next) of the new and the old version.</summary>
    private static (int New, int Old) FindNeeds(byte[] elf, Section needs, int strings)
    {
        int? newNeed = null;
        int? oldNeed = null;
        int file = needs.Offset;
        for (int f = 0; f < needs.Info; f++)
        {
            int entry = Next(elf, file, 8);
            for (int i = 0; i < U16(elf, file + 2); i++)
            {
                string version = Text(elf, strings + (int)U32(elf, entry + 8));
                newNeed = version == NewVersion ? entry : newNeed;
                oldNeed = version == OldVersion ? entry : oldNeed;
                entry = Next(elf, entry, 12);
            }
            if (U32(elf, file + 12) == 0)
            {
                break;
            }
            file = Next(elf, file, 12);
        }
        return newNeed is null || oldNeed is null
            ? throw new FormatException($"it does not need {NewVersion} and {OldVersion} both, so libstdc++'s age is not what keeps it from loading.")
            : (newNeed.Value, oldNeed.Value);
    }

    /// <summary>The record that this one's field points to, never an earlier one, so that no damage makes the walk endless.</summary>
    private static int Next(byte[] elf, int record, int field) => checked(record + (int)U32(elf, record + field));

    private static int FindOnlySymbolOf(byte[] elf, Section versions, ushort version)
    {
        int[] found = [.. Enumerable.Range(0, versions.Size / 2).Where(i => U16(elf, versions.Offset + i * 2) == version)];
        return found.Length == 1 ? found[0] : throw new FormatException($"{found.Length} symbols need {NewVersion}; expected one.");
    }

    private static ushort U16(byte[] elf, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(offset));

    private static uint U32(byte[] elf, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(offset));

    private static string Text(byte[] elf, int offset)
    {
        ReadOnlySpan<byte> rest = elf.AsSpan(offset);
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    /// <summary>An entry of the section header table (Elf64_Shdr, 64 bytes).</summary>
    private readonly record struct Section(int Offset, int Size, int Link, int Info)
    {
        public static Section Find(byte[] elf, uint type, string what)
        {
            for (int i = 0; i < U16(elf, 60); i++)
            {
                int header = HeaderAt(elf, i);
                if (U32(elf, header + 4) == type)
                {
                    return new Section(checked((int)U64(elf, header + 24)), checked((int)U64(elf, header + 32)), (int)U32(elf, header + 40), (int)U32(elf, header + 44));
                }
            }
            throw new FormatException($"it has no section of {what}.");
        }

        public static int OffsetAt(byte[] elf, int index) => checked((int)U64(elf, HeaderAt(elf, index) + 24));

        private static int HeaderAt(byte[] elf, int index) => checked((int)U64(elf, 40) + index * 64);

        private static ulong U64(byte[] elf, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(elf.AsSpan(offset));
    }
}
