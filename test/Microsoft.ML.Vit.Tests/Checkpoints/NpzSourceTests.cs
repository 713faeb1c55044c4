using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.ML.Vit.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

[TestClass]
public sealed class NpzSourceTests
{
    private static readonly byte[] s_floats = [.. new[] { 1f, 2, 3, 4, 5, 6 }.SelectMany(BitConverter.GetBytes)];

    [TestMethod]
    [DataRow(1, CompressionLevel.NoCompression)]
    [DataRow(2, CompressionLevel.Optimal)]
    [DataRow(3, CompressionLevel.Optimal)]
    public void EveryVersionIsRead(int version, CompressionLevel compression)
    {
        float[] found = ReadAll("<f4", "False", "2, 3", s_floats, version, compression, out long[] shape);
        CollectionAssert.AreEqual(new long[] { 2, 3 }, shape);
        CollectionAssert.AreEqual(new float[] { 1, 2, 3, 4, 5, 6 }, found);
    }

    [TestMethod]
    public void TheFirstIndexRunsFastestInFortransOrder()
    {
        float[] found = ReadAll("<f4", "True", "2, 3", s_floats, 1, CompressionLevel.NoCompression, out long[] shape);
        CollectionAssert.AreEqual(new long[] { 2, 3 }, shape);
        CollectionAssert.AreEqual(new float[] { 1, 3, 5, 2, 4, 6 }, found);
    }

    [TestMethod]
    [DataRow("<f8", new byte[] { 0, 0, 0, 0, 0, 0, 0xF8, 0x3F }, 1.5f)]
    [DataRow("<f2", new byte[] { 0, 0x3E }, 1.5f)]
    [DataRow("|V2", new byte[] { 0xC0, 0x3F }, 1.5f)]
    [DataRow("|b1", new byte[] { 7 }, 1f)]
    [DataRow("|i1", new byte[] { 255 }, -1f)]
    [DataRow("|u1", new byte[] { 255 }, 255f)]
    [DataRow("<u2", new byte[] { 255, 255 }, 65535f)]
    [DataRow("<u4", new byte[] { 0, 0, 0, 128 }, 2147483648f)]
    [DataRow("<u8", new byte[] { 0, 0, 0, 0, 0, 0, 0, 128 }, 9223372036854775808f)]
    [DataRow("<i8", new byte[] { 254, 255, 255, 255, 255, 255, 255, 255 }, -2f)]
    public void EveryTypeBecomesFloat(string type, byte[] value, float expected)
    {
        CollectionAssert.AreEqual(new[] { expected }, ReadAll(type, "False", "", value, 1, CompressionLevel.NoCompression, out long[] shape));
        Assert.IsEmpty(shape);
    }

    [TestMethod]
    [DataRow("|O", "2,", "runs code")]
    [DataRow(">f4", "2,", ">f4")]
    [DataRow("<f4", "2, -3", "-3")]
    [DataRow("<f4", "4294967296, 4294967296, 4", "overflows")]
    [DataRow("<f4", "1000000000,", "expected 4000000000")]
    public void WhatIsNoTensorIsRefusedByNameOnOpening(string type, string shape, string named)
    {
        using var folder = new TemporaryFolder();
        Write(folder["a.npz"], type, "False", shape, s_floats, 1, CompressionLevel.NoCompression);
        FormatException error = Assert.ThrowsExactly<FormatException>(() => new NpzSource(folder["a.npz"]));
        StringAssert.Contains(error.Message, named);
        StringAssert.Contains(error.Message, "block/kernel");
    }

    [TestMethod]
    public void AFileThatIsNoArchiveOrEndsEarlyIsRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.npz"], [1, 2, 3]);
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => new NpzSource(folder["a.npz"])).Message, "a.npz");
        Write(folder["b.npz"], "<f4", "False", "2, 3", s_floats[..20], 1, CompressionLevel.NoCompression);
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => new NpzSource(folder["b.npz"])).Message, "20 bytes of values; expected 24");
    }

    private static float[] ReadAll(string type, string isFortran, string shape, byte[] values, int version, CompressionLevel compression, out long[] found)
    {
        using var folder = new TemporaryFolder();
        Write(folder["a.npz"], type, isFortran, shape, values, version, compression);
        using var scope = NewDisposeScope();
        using var source = new NpzSource(folder["a.npz"]);
        Assert.AreEqual("block/kernel", source.Entries.Single().Name);
        found = [.. source.Entries[0].Shape];
        Tensor floats = zeros(found);
        source.ReadInto(source.Entries[0], floats);
        return floats.data<float>().ToArray();
    }

    private static void Write(string path, string type, string isFortran, string shape, byte[] values, int version, CompressionLevel compression)
    {
        string text = $"{{'descr': '{type}', 'fortran_order': {isFortran}, 'shape': ({shape}), }}\n";
        byte[] length = new byte[version == 1 ? 2 : 4];
        if (version == 1)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)text.Length);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        }
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        using Stream stream = archive.CreateEntry("block/kernel.npy", compression).Open();
        stream.Write([0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. Encoding.UTF8.GetBytes(text), .. values]);
    }
}
