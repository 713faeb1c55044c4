using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.Vit.Interop;

namespace Microsoft.ML.Vit.Tests.Interop;

[TestClass]
public class GlibcxxRequirementTests
{
    private const string TooNew = "GLIBCXX_3.4.32";

    [TestMethod]
    public void TheLoweredLibraryNeedsNoNewerLibstdcxxThanItsOtherSymbolsDo()
    {
        byte[] original = File.ReadAllBytes(Binding.Original);
        IReadOnlyList<(string Version, bool HashFits)> before = ElfVersionNeeds.Of(original);
        CollectionAssert.Contains(before.Select(need => need.Version).ToArray(), TooNew);

        byte[] lowered = [.. original];
        GlibcxxRequirement.Lower(lowered);
        IReadOnlyList<(string Version, bool HashFits)> after = ElfVersionNeeds.Of(lowered);
        Assert.HasCount(original.Length, lowered);
        CollectionAssert.AreEqual(before.Select(need => need.Version == TooNew ? "GLIBCXX_3.4" : need.Version).ToArray(), after.Select(need => need.Version).ToArray());
        Assert.IsTrue(after.All(need => need.HashFits));
        // The first of the two places that hold the name is .dynstr; .strtab, which debuggers read, follows at the end of the file.
        int name = original.AsSpan().IndexOf("_ZSt21ios_base_library_initv"u8);
        Assert.AreEqual("_ZNSt8ios_base4InitC1Ev".PadRight(28, '\0'), Encoding.ASCII.GetString(lowered, name, 28));
    }

    [TestMethod]
    public void OnlyAFewBytesChange()
    {
        byte[] original = File.ReadAllBytes(Binding.Original);
        byte[] lowered = [.. original];
        GlibcxxRequirement.Lower(lowered);
        // The symbol's name (28), a hash and a name's offset (4 each), one symbol's version (2).
        Assert.IsLessThanOrEqualTo(38, original.Zip(lowered).Count(pair => pair.First != pair.Second));
    }

    [TestMethod]
    public void ASecondLoweringIsRefused()
    {
        byte[] elf = File.ReadAllBytes(Binding.Original);
        GlibcxxRequirement.Lower(elf);
        byte[] once = [.. elf];
        FormatException e = Assert.ThrowsExactly<FormatException>(() => GlibcxxRequirement.Lower(elf));
        StringAssert.Contains(e.Message, TooNew);
        CollectionAssert.AreEqual(once, elf);
    }

    [TestMethod]
    public void WhatIsNoElf64IsRefused()
    {
        foreach (byte[] bytes in new[] { [], new byte[63], new byte[100], Encoding.ASCII.GetBytes(new string('x', 500)), "\u007fELF\u0001\u0001"u8.ToArray() })
        {
            StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => GlibcxxRequirement.Lower(bytes)).Message, "ELF64");
        }
    }

    [TestMethod]
    [Timeout(60_000)]
    public void DamagedLibrariesAreRefusedOrLoweredAndNothingElse()
    {
        byte[] original = File.ReadAllBytes(Binding.Original);
        (int Offset, int Size)[] tables = Tables(original);
        var random = new Random(17);
        int refused = 0;
        for (int i = 0; i < 500; i++)
        {
            byte[] damaged = (i % 5) switch
            {
                0 => original[..random.Next(original.Length)],
                1 => [.. original.AsSpan(0, 64), .. RandomBytes(random, random.Next(5000))],
                _ => Flipped(original, tables[random.Next(tables.Length)], random),
            };
            try
            {
                GlibcxxRequirement.Lower(damaged);
            }
            catch (FormatException)
            {
                refused++;
            }
        }
        Assert.IsGreaterThan(250, refused);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void ALoopOfVersionNeedsIsRefused()
    {
        byte[] elf = File.ReadAllBytes(Binding.Original);
        (int needs, _) = Tables(elf)[^1];
        int header = HeaderOf(elf, 0x6ffffffe);
        // As many libraries as fit in the field, each "followed" by the one before it.
        BinaryPrimitives.WriteInt32LittleEndian(elf.AsSpan(header + 44), int.MaxValue);
        for (int next = needs, i = 0; i < 2; i++)
        {
            int step = BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(next + 12));
            BinaryPrimitives.WriteInt32LittleEndian(elf.AsSpan(next + 12), i == 0 ? step : -step);
            next += step;
        }
        Assert.ThrowsExactly<FormatException>(() => GlibcxxRequirement.Lower(elf));
    }

    /// <summary>Where damage matters: the file's header, the section headers, the sections that are read, the version needs last.</summary>
    private static (int Offset, int Size)[] Tables(byte[] elf)
    {
        (int, int) Section(uint type)
        {
            int header = HeaderOf(elf, type);
            return ((int)BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(header + 24)), (int)BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(header + 32)));
        }
        (int headers, int count) = Headers(elf);
        return [(0, 64), (headers, count * 64), Section(11), Section(0x6fffffff), Section(0x6ffffffe)];
    }

    private static int HeaderOf(byte[] elf, uint type)
    {
        (int headers, int count) = Headers(elf);
        return Enumerable.Range(0, count).Select(i => headers + (i * 64)).Single(header => BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(header + 4)) == type);
    }

    private static (int Offset, int Count) Headers(byte[] elf) =>
        ((int)BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(40)), BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(60)));

    private static byte[] Flipped(byte[] original, (int Offset, int Size) table, Random random)
    {
        byte[] bytes = [.. original];
        for (int i = random.Next(1, 30); i > 0; i--)
        {
            bytes[table.Offset + random.Next(table.Size)] ^= (byte)(1 << random.Next(8));
        }
        return bytes;
    }

    private static byte[] RandomBytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
