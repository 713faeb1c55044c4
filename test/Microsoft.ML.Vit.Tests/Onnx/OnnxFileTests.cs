using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Onnx;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Onnx;

[TestClass]
public sealed class OnnxFileTests
{
    private const long NothingInline = 0;

    [TestMethod]
    public void WeightsInASecondFileScoreAsThoseInTheFile()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using VisionTransformer network = RandomNetwork.Build(TinyConfig.Value);
        Save(network, folder["m.onnx"], NothingInline);
        CollectionAssert.AreEqual(new[] { "m.onnx", "m.onnx.data" }, Names(folder));

        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder["m.onnx"]));
        OnnxRules.AssertKept(model, "external data");
        TensorProto[] external = [.. model.Graph.Initializer.Where(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External)];
        Assert.IsGreaterThan(4, external.Length);
        Assert.IsTrue(external.All(tensor => ValueOf(tensor, "location") == "m.onnx.data" && long.Parse(ValueOf(tensor, "offset")) % 4096 == 0));
        Assert.IsTrue(model.Graph.Initializer.Except(external).All(tensor => tensor.RawData.Length < 1024));
        Assert.AreEqual(external.Max(tensor => long.Parse(ValueOf(tensor, "offset")) + long.Parse(ValueOf(tensor, "length"))), new FileInfo(folder["m.onnx.data"]).Length);

        // Found by the model's own folder, wherever that is.
        using var elsewhere = new TemporaryFolder();
        File.Move(folder["m.onnx"], elsewhere["m.onnx"]);
        File.Move(folder["m.onnx.data"], elsewhere["m.onnx.data"]);
        using var session = new OnnxSession(elsewhere["m.onnx"]);
        Tensor images = RandomNetwork.Images(TinyConfig.Value, 2);
        Assert.IsLessThan(1e-5, session.Run(images).LargestDifference(network.forward(images).softmax(1)));
    }

    [TestMethod]
    public void AModelReplacesAnOlderOneOfEitherKind()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using VisionTransformer network = RandomNetwork.Build(TinyConfig.Value), wider = RandomNetwork.Build(TinyConfig.Value with { Width = 32 });
        Save(wider, folder["m.onnx"], NothingInline);
        Save(network, folder["m.onnx"], NothingInline);
        AssertScores(network, folder["m.onnx"]);
        Save(wider, folder["m.onnx"], OnnxFile.MostInlineBytes);
        AssertScores(wider, folder["m.onnx"]);
        CollectionAssert.AreEqual(new[] { "m.onnx" }, Names(folder), "The older model's weights are of no use to anyone.");
        Save(network, folder["m.onnx"], NothingInline);
        AssertScores(network, folder["m.onnx"]);
    }

    [TestMethod]
    public void WhereAFileCannotBeWrittenNothingIsLeftBehind()
    {
        using var folder = new TemporaryFolder();
        using VisionTransformer network = RandomNetwork.Build(TinyConfig.Value);
        string absent = folder["absent", "m.onnx"];
        StringAssert.Contains(Assert.ThrowsExactly<DirectoryNotFoundException>(() => Save(network, absent, NothingInline)).Message, folder["absent"]);
        Directory.CreateDirectory(folder["taken"]);
        foreach (long mostInlineBytes in new[] { NothingInline, OnnxFile.MostInlineBytes })
        {
            StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Save(network, folder["taken"], mostInlineBytes)).Message, folder["taken"]);
        }
        CollectionAssert.AreEqual(new[] { "taken" }, Names(folder));
    }

    [TestMethod]
    public void AFailedWriteLeavesTheOlderModelAsItWas()
    {
        using var folder = new TemporaryFolder();
        using VisionTransformer network = RandomNetwork.Build(TinyConfig.Value);
        Save(network, folder["m.onnx"], NothingInline);
        byte[] model = File.ReadAllBytes(folder["m.onnx"]), data = File.ReadAllBytes(folder["m.onnx.data"]);
        VisionTransformer disposed = RandomNetwork.Build(TinyConfig.Value);
        disposed.Dispose();
        foreach (long mostInlineBytes in new[] { NothingInline, OnnxFile.MostInlineBytes })
        {
            Assert.Throws<Exception>(() => Save(disposed, folder["m.onnx"], mostInlineBytes));
            CollectionAssert.AreEqual(model, File.ReadAllBytes(folder["m.onnx"]));
            CollectionAssert.AreEqual(data, File.ReadAllBytes(folder["m.onnx.data"]));
            Assert.HasCount(2, Names(folder));
        }
    }

    private static void Save(VisionTransformer network, string path, long mostInlineBytes) =>
        OnnxExport.Save(path, network, RandomNetwork.PreprocessingOf(network.Config), null, new OnnxOptions(), mostInlineBytes);

    private static void AssertScores(VisionTransformer network, string path)
    {
        using var session = new OnnxSession(path);
        Tensor images = RandomNetwork.Images(network.Config, 2);
        Assert.IsLessThan(1e-5, session.Run(images).LargestDifference(network.forward(images).softmax(1)));
    }

    private static string[] Names(TemporaryFolder folder) => [.. Directory.EnumerateFileSystemEntries(folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static string ValueOf(TensorProto tensor, string key) => tensor.ExternalData.Single(entry => entry.Key == key).Value;
}
