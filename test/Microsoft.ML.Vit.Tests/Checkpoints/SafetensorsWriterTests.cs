using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

[TestClass]
public sealed class SafetensorsWriterTests
{
    [TestMethod]
    public void WhatIsWrittenIsReadBack()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        (string Name, Tensor Tensor)[] tensors =
        [
            ("large", randn([600, 700], generator: generator)), // more than one chunk
            ("transposed", randn([3, 5], generator: generator).t()),
            ("half", randn([7], generator: generator).to(float16)),
            ("bf16", randn([2, 2], generator: generator).to(bfloat16)),
            ("double", randn([2], generator: generator).to(float64)),
            ("byte", tensor(new byte[] { 1, 2, 255 })),
            ("scalar", tensor(3L)),
            ("none", empty(0, 4)),
            ("Größe \"x\"", ones(1)),
        ];
        using var file = new MemoryStream();
        SafetensorsWriter.Write(file, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        file.Position = 0;
        using var reader = new SafetensorsReader(file, "test");
        Assert.AreEqual("pt", reader.Metadata["format"]);
        Assert.HasCount(tensors.Length, reader.Entries);
        foreach ((string name, Tensor tensor) in tensors)
        {
            Tensor read = reader.Read(name);
            Assert.AreEqual(tensor.dtype, read.dtype, name);
            Assert.IsTrue(read.IsSameAs(tensor), name);
        }
    }

    [TestMethod]
    public void TheHeaderIsTheReferencesToTheByte()
    {
        using var scope = NewDisposeScope();
        using var file = new MemoryStream();
        SafetensorsWriter.Write(file, [("b", zeros(2)), ("a", zeros(1, 1)), ("long", tensor(1L))], new Dictionary<string, string> { ["format"] = "pt" });
        byte[] bytes = file.ToArray();
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        string header = Encoding.UTF8.GetString(bytes, 8, length);
        Assert.AreEqual(0, length % 8);
        Assert.AreEqual(
            """{"__metadata__":{"format":"pt"},"long":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}""",
            header.TrimEnd(' '));
        Assert.HasCount(8 + length + 20, bytes);
    }

    [TestMethod]
    public void NamesThatOccurTwiceAreRefused()
    {
        using Tensor tensor = zeros(1);
        Assert.ThrowsExactly<ArgumentException>(() => SafetensorsWriter.Write(new MemoryStream(), [("a", tensor), ("a", tensor)]));
        Assert.ThrowsExactly<ArgumentException>(() => SafetensorsWriter.Write(new MemoryStream(), [("__metadata__", tensor)]));
    }

    [TestMethod]
    [TestCategory("Fixtures")]
    public void FilesOfTheReferenceAreReproducedToTheByte()
    {
        string folder = Fixtures.FoldersLike("timm-").FirstOrDefault() ?? Fixtures.Folder("timm-plain");
        string path = Path.Combine(folder, "model.safetensors");
        using var scope = NewDisposeScope();
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        using var file = new MemoryStream();
        SafetensorsWriter.Write(file, reader.Entries.Select(entry => (entry.Name, reader.Read(entry))).ToArray(), reader.Metadata);
        CollectionAssert.AreEqual(File.ReadAllBytes(path), file.ToArray());
    }
}
