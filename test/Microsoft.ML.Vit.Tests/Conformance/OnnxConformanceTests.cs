using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Onnx;
using Microsoft.ML.Vit.Tests.Model;
using Microsoft.ML.Vit.Tests.Onnx;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Conformance;

/// <summary>What is written for each architectural switch keeps ONNX's rules and computes in ONNX Runtime what the network computes.</summary>
[TestClass]
public sealed class OnnxConformanceTests
{
    private const double Tolerance = 1e-4;

    internal static IEnumerable<VitConfig> Configs() =>
    [
        .. TinyConfig.Switches(),
        .. Enum.GetValues<VitActivation>().Select(activation => TinyConfig.Value with { Activation = activation, HeadHiddenSize = 20, HeadActivation = activation }),
        TinyConfig.Value with { Stem = VitStem.Convolutions, Activation = VitActivation.Relu, RegisterTokens = 1, QkvBias = false, QkNorm = true, LayerScale = 0.1 },
        TinyConfig.Value with { Distillation = VitDistillation.TokenAndHead, ClassTokenHasPosition = false, RegisterTokens = 2 },
        TinyConfig.Value with { Distillation = VitDistillation.Token, Positions = VitPositions.FixedSinCos, HeadHiddenSize = 8, Classes = 0 },
        TinyConfig.Value with { NormEpsilon = 1e-2, Pooling = VitPooling.ClassTokenAndMean, Channels = 5 },
    ];

    [TestMethod]
    [DataRow(17)]
    [DataRow(18)]
    [DataRow(20)]
    [DataRow(21)]
    public void EverySwitchKeepsTheRulesAndGivesTheNetworksLogits(int opset)
    {
        foreach (VitConfig config in Configs())
        {
            using var scope = NewDisposeScope();
            using var folder = new TemporaryFolder();
            using VisionTransformer network = RandomNetwork.Build(config);
            OnnxExport.Save(folder["m.onnx"], network, RandomNetwork.PreprocessingOf(config), null, new OnnxOptions { Opset = opset, Softmax = false });
            OnnxRules.AssertKept(ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder["m.onnx"])), config);

            using var session = new OnnxSession(folder["m.onnx"]);
            foreach (int batch in new[] { 1, 3 })
            {
                Tensor images = RandomNetwork.Images(config, batch);
                Tensor expected = network.forward(images);
                Assert.IsGreaterThan(0.1, expected.std().item<float>(), "Logits that are all alike prove nothing.");
                Assert.IsLessThan(Tolerance, session.Run(images).LargestDifference(expected), config.ToString());
            }
        }
    }

    [TestMethod]
    public void EveryValueHasTheShapeThatIsDeclared()
    {
        foreach (VitConfig config in Configs())
        {
            using var scope = NewDisposeScope();
            using var folder = new TemporaryFolder();
            using VisionTransformer network = RandomNetwork.Build(config);
            OnnxExport.Save(folder["m.onnx"], network, RandomNetwork.PreprocessingOf(config), null, new OnnxOptions());
            ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder["m.onnx"]));
            using var session = new OnnxSession(model);
            Tensor images = RandomNetwork.Images(config, 3);
            IReadOnlyDictionary<string, long[]> found = session.RunAll(images.data<float>().ToArray(), images.shape).Shapes;
            foreach (ValueInfoProto value in model.Graph.ValueInfo.Concat(model.Graph.Output))
            {
                long[] declared = [.. value.Type.TensorType.Shape.Dim.Select(dimension => dimension.DimParam == "batch" ? 3 : dimension.DimValue)];
                CollectionAssert.AreEqual(declared, found[value.Name], $"{value.Name} of {config}");
            }
        }
    }
}
