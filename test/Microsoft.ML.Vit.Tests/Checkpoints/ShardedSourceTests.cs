using Microsoft.ML.Vit.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

[TestClass]
public sealed class ShardedSourceTests
{
    [TestMethod]
    public void ShardsAreReadAsOne()
    {
        using var folder = Sharded("""{"metadata":{"total_size":8},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");
        using var scope = NewDisposeScope();
        using ITensorSource source = WeightFile.Open(folder["model.safetensors.index.json"]);
        CollectionAssert.AreEqual(new[] { "a", "b" }, source.Entries.Select(entry => entry.Name).ToArray());
        CollectionAssert.AreEqual(new[] { 1f, 2f }, source.Entries.Select(entry => source.Read(entry).item<float>()).ToArray());
    }

    [TestMethod]
    [DataRow("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}}""", "'c'")]
    [DataRow("""{"weight_map":{"a":"2.safetensors","b":"2.safetensors"}}""", "'a'")]
    [DataRow("""{"weight_map":{"a":"1.safetensors","b":"1.safetensors"}}""", "'b'")]
    [DataRow("""{"weight_map":{"a":"../1.safetensors"}}""", "../1.safetensors")]
    [DataRow("""{"weight_map":{"a":"/1.safetensors"}}""", "/1.safetensors")]
    [DataRow("""{"weight_map":{"a":1}}""", "weight_map")]
    [DataRow("""{"weight_map":{}}""", "empty")]
    [DataRow("""{}""", "weight_map")]
    [DataRow("""[""", "weight_map")]
    public void AnIndexThatContradictsItsFilesIsRefused(string index, string named)
    {
        using var folder = Sharded(index);
        FormatException error = Assert.ThrowsExactly<FormatException>(() => WeightFile.Open(folder["model.safetensors.index.json"]));
        StringAssert.Contains(error.Message, named);
    }

    [TestMethod]
    public void AMissingShardIsNamed()
    {
        using var folder = Sharded("""{"weight_map":{"a":"1.safetensors","b":"3.safetensors"}}""");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => WeightFile.Open(folder["model.safetensors.index.json"])).Message, "3.safetensors");
    }

    private static TemporaryFolder Sharded(string index)
    {
        var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        foreach ((string name, float value, int number) in new[] { ("a", 1f, 1), ("b", 2f, 2) })
        {
            using FileStream file = File.Create(folder[$"{number}.safetensors"]);
            SafetensorsWriter.Write(file, [(name, tensor(value))]);
        }
        File.WriteAllText(folder["model.safetensors.index.json"], index);
        return folder;
    }
}
