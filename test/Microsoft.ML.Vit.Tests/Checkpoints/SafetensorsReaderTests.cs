using System.Text;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

[TestClass]
public sealed class SafetensorsReaderTests
{
    private const string A = """
        "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}
        """;

    private const string B = """
        "b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}
        """;

    [TestMethod]
    [DataRow("", 0, "'{'", DisplayName = "empty header")]
    [DataRow(" {}", 0, "'{'", DisplayName = "leading space")]
    [DataRow("[]", 0, "'{'", DisplayName = "array")]
    [DataRow("{\"a\":", 0, "JSON", DisplayName = "cut JSON")]
    [DataRow("{}x", 0, "JSON", DisplayName = "text after JSON")]
    [DataRow("{\"a\":1}", 0, "'a'", DisplayName = "entry is no object")]
    [DataRow("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype", DisplayName = "no dtype")]
    [DataRow("{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "F33", DisplayName = "unknown dtype")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "shape", DisplayName = "no shape")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "-2", DisplayName = "negative size")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "2.0", DisplayName = "fractional size")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,8]}}", 8, "9223372036854775808", DisplayName = "size above 64 bits")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}", 8, "overflows", DisplayName = "product overflows")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "data_offsets", DisplayName = "no offsets")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "data_offsets", DisplayName = "one offset")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "[8, 0]", DisplayName = "offsets backwards")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "expected 8", DisplayName = "range too short")]
    [DataRow("{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1, "expected 1.5", DisplayName = "no whole bytes")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "expected 0", DisplayName = "hole at the beginning")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[12,16]}}", 16, "'b'", DisplayName = "hole between")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}", 8, "'b'", DisplayName = "overlap")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "9 bytes", DisplayName = "byte too many")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "7 bytes", DisplayName = "byte too few")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16, "twice", DisplayName = "name twice")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "twice", DisplayName = "field twice")]
    [DataRow("{\"__metadata__\":{\"n\":1}}", 0, "'n'", DisplayName = "metadata not text")]
    [DataRow("{\"__metadata__\":[]}", 0, "__metadata__", DisplayName = "metadata no object")]
    [DataRow("{\"__metadata__\":{\"n\":\"1\",\"n\":\"2\"}}", 0, "twice", DisplayName = "metadata twice")]
    [DataRow("{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "JSON", DisplayName = "half a surrogate")]
    public void AFileThatBreaksTheFormatIsRefusedByRule(string header, int data, string named)
    {
        AssertRefused(SafetensorsFile.Bytes(header, data), named);
    }

    [TestMethod]
    public void WrongLengthsAreRefused()
    {
        byte[] empty = "{}"u8.ToArray();
        AssertRefused(SafetensorsFile.Bytes(empty, 0, claimedLength: 3), "claims 3");
        AssertRefused(SafetensorsFile.Bytes(empty, 0, claimedLength: ulong.MaxValue), "claims 18446744073709551615");
        var tooLong = Assert.ThrowsExactly<FormatException>(() => Reader(SafetensorsFile.Bytes(empty, 0, claimedLength: 100_000_001), seekable: false));
        StringAssert.Contains(tooLong.Message, "100000000");
        Assert.ThrowsExactly<FormatException>(() => new SafetensorsReader(new ForwardOnlyStream(SafetensorsFile.Bytes(empty, 0)), "test", length: 3));
        Assert.ThrowsExactly<FormatException>(() => new SafetensorsReader(new ForwardOnlyStream(SafetensorsFile.Bytes(empty, 0)), "test", length: 11));
        Assert.ThrowsExactly<InvalidDataException>(() => Reader([1, 2, 3], seekable: true));
        Assert.ThrowsExactly<InvalidDataException>(() => Reader(SafetensorsFile.Bytes(empty, 0, claimedLength: 90_000_000), seekable: false));
    }

    [TestMethod]
    public void InvalidUtf8IsRefused()
    {
        AssertRefused(SafetensorsFile.Bytes([(byte)'{', (byte)'"', 0xC3, (byte)'"', (byte)'}'], 0), "UTF-8");
    }

    [TestMethod]
    public void EveryTruncationOfASoundFileIsRefused()
    {
        byte[] file = SafetensorsFile.Bytes($"{{{A},{B}}}", 16);
        for (int length = 0; length < file.Length; length++)
        {
            byte[] cut = file[..length];
            foreach (bool seekable in new[] { true, false })
            {
                Exception error = Assert.Throws<Exception>(() => ReadAll(cut, seekable), $"{length} bytes");
                Assert.IsTrue(error is FormatException or InvalidDataException, error.ToString());
                StringAssert.Contains(error.Message, "test");
            }
        }
    }

    [TestMethod]
    public void AnyOrderPaddingAndUnknownFieldsAreAccepted()
    {
        string header = """{"b":{"dtype":"I64","shape":[],"data_offsets":[8,16],"note":1},"__metadata__":{"format":"pt"},"z":{"dtype":"F32","shape":[3,0],"data_offsets":[16,16]},"a":{"data_offsets":[0,8],"shape":[2],"dtype":"F32"}}   """;
        byte[] file = SafetensorsFile.Bytes(header, 16);
        BitConverter.GetBytes(1.5f).CopyTo(file, file.Length - 16);
        BitConverter.GetBytes(42L).CopyTo(file, file.Length - 8);
        using var scope = NewDisposeScope();
        using SafetensorsReader reader = Reader(file, seekable: true);
        CollectionAssert.AreEqual(new[] { "a", "b", "z" }, reader.Entries.Select(entry => entry.Name).ToArray());
        Assert.AreEqual("pt", reader.Metadata["format"]);
        Assert.AreEqual(42, reader.Read("b").item<long>());
        CollectionAssert.AreEqual(new[] { 1.5f, 0 }, reader.Read("a").data<float>().ToArray());
        CollectionAssert.AreEqual(new long[] { 3, 0 }, reader.Read("z").shape);
    }

    [TestMethod]
    public void AnEmptyContainerIsSound()
    {
        using SafetensorsReader reader = Reader(SafetensorsFile.Bytes("{}", 0), seekable: true);
        Assert.IsEmpty(reader.Entries);
    }

    [TestMethod]
    public void AStreamThatCannotSeekIsReadForwards()
    {
        byte[] file = SafetensorsFile.Bytes($"{{{A},{B}}}", 16);
        using SafetensorsReader reader = Reader(file, seekable: false);
        reader.Read("b").Dispose();
        reader.ThrowIfMoreFollows();
        Assert.ThrowsExactly<InvalidOperationException>(() => reader.Read("a"));
    }

    [TestMethod]
    public void BytesAfterTheLastTensorOfAStreamThatCannotSeekAreRefused()
    {
        using SafetensorsReader reader = Reader(SafetensorsFile.Bytes($"{{{A}}}", 9), seekable: false);
        reader.Read("a").Dispose();
        Assert.ThrowsExactly<FormatException>(reader.ThrowIfMoreFollows);
    }

    [TestMethod]
    public void TensorsOfOtherTypesAreConvertedIntoTheirDestination()
    {
        using var scope = NewDisposeScope();
        using var file = new MemoryStream();
        Tensor values = tensor(new[] { 1f, -2.5f, 1024f });
        ScalarType[] types = [float16, bfloat16, float32, float64];
        SafetensorsWriter.Write(file, types.Select(type => (type.ToString(), values.to(type))).Append(("whole", tensor(new[] { 1L, -2, 1024 }))));
        file.Position = 0;
        using var reader = new SafetensorsReader(file, "test");
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            Tensor read = zeros(3);
            reader.ReadInto(entry, read);
            CollectionAssert.AreEqual(new[] { 1f, entry.Name == "whole" ? -2 : -2.5f, 1024f }, read.data<float>().ToArray(), entry.Name);
        }
        Assert.ThrowsExactly<ArgumentException>(() => reader.ReadInto(reader.Entries[0], zeros(1, 3)));
    }

    [TestMethod]
    [DataRow("BOOL", new byte[] { 2, 0 }, 1f, 0f)]
    [DataRow("U8", new byte[] { 255, 1 }, 255f, 1f)]
    [DataRow("I8", new byte[] { 255, 1 }, -1f, 1f)]
    [DataRow("U16", new byte[] { 255, 255, 1, 0 }, 65535f, 1f)]
    [DataRow("U32", new byte[] { 0, 0, 0, 128, 1, 0, 0, 0 }, 2147483648f, 1f)]
    [DataRow("U64", new byte[] { 0, 0, 0, 0, 0, 0, 0, 128, 1, 0, 0, 0, 0, 0, 0, 0 }, 9223372036854775808f, 1f)]
    public void BooleansAndTypesThatLibtorchLacksBecomeFloat(string type, byte[] bytes, float first, float second)
    {
        byte[] file = SafetensorsFile.Bytes($$$"""{"a":{"dtype":"{{{type}}}","shape":[2],"data_offsets":[0,{{{bytes.Length}}}]}}""", bytes.Length);
        bytes.CopyTo(file, file.Length - bytes.Length);
        using var scope = NewDisposeScope();
        using SafetensorsReader reader = Reader(file, seekable: true);
        Tensor read = zeros(2);
        reader.ReadInto(reader.Entries[0], read);
        CollectionAssert.AreEqual(new[] { first, second }, read.data<float>().ToArray());
    }

    [TestMethod]
    public void TypesThatCannotBeReadAreRecognisedAndRefusedWhenRead()
    {
        foreach (SafetensorsType type in SafetensorsType.All.Where(type => type.Torch is null && type.Carrier is null))
        {
            using SafetensorsReader reader = Reader(SafetensorsFile.Bytes($$$"""{"a":{"dtype":"{{{type.Name}}}","shape":[8],"data_offsets":[0,{{{type.Bits}}}]}}""", type.Bits), seekable: true);
            StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => reader.Read("a")).Message, type.Name);
        }
    }

    [TestMethod]
    public void ALargeFileIsReadWholeAndItsLaterCutNoticed()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        Tensor values = arange(3_000_001, float32, CPU);
        using (FileStream file = File.Create(folder["a.safetensors"]))
        {
            SafetensorsWriter.Write(file, [("small", ones(3)), ("large", values)]);
        }
        using SafetensorsReader reader = SafetensorsReader.Open(folder["a.safetensors"]);
        Assert.IsTrue(reader.Read("large").IsSameAs(values));
        Assert.IsTrue(reader.Read("small").IsSameAs(ones(3)));
        if (OperatingSystem.IsWindows())
        {
            return; // an open file cannot be cut there
        }
        using (FileStream file = new(folder["a.safetensors"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            file.SetLength(1 << 20);
        }
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => reader.Read("large")).Message, "large");
    }

    [TestMethod]
    public void AMissingTensorIsNamed()
    {
        using SafetensorsReader reader = Reader(SafetensorsFile.Bytes("{}", 0), seekable: true);
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => reader.Read("head.weight")).Message, "head.weight");
    }

    private static void AssertRefused(byte[] file, string named)
    {
        FormatException error = Assert.ThrowsExactly<FormatException>(() => Reader(file, seekable: true), Encoding.UTF8.GetString(file));
        StringAssert.Contains(error.Message, named);
        StringAssert.StartsWith(error.Message, "test: ");
    }

    private static void ReadAll(byte[] file, bool seekable)
    {
        using var scope = NewDisposeScope();
        using SafetensorsReader reader = Reader(file, seekable);
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            reader.Read(entry);
        }
    }

    private static SafetensorsReader Reader(byte[] file, bool seekable) =>
        new(seekable ? new MemoryStream(file) : new ForwardOnlyStream(file), "test");
}
