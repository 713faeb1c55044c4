using System.Text.Json;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vit.Tests.Training;

/// <summary>Whole trainings step by step against PyTorch's: every folder training-* of the fixtures, its hyperparameters from its config.json.</summary>
[TestClass]
[TestCategory("Fixtures")]
public sealed class TrajectoryTests
{
    [TestMethod]
    [DataRow("training-adamw")]
    [DataRow("training-sgd")]
    [DataRow("training-muon")]
    [DataRow("training-soft")]
    [DataRow("training-layerdecay")]
    public void LossesNormsRatesAndEndWeightsAreThoseOfPyTorch(string name)
    {
        string folder = Fixtures.Folder(name);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        JsonElement config = document.RootElement;
        bool isMuon = config.GetProperty("opt").GetString() == "muon";
        double lossTolerance = isMuon ? 1e-3 : 1e-4, weightTolerance = isMuon ? 1e-2 : 1e-3;

        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> io = Read(folder, "io"), end = Read(folder, "end");
        float[] losses = Floats(io["losses"]), norms = Floats(io["grad_norms"]), rates = Floats(io["learning_rates"]);
        using VisionTransformer network = Network(config.GetProperty("model"), Read(folder, "start"));
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        using IOptimizer optimizer = Optimizer(config, parameters);

        double baseRate = Number(config, "lr"), floor = Number(config, "floor") / baseRate;
        double clip = NumberOrNull(config, "clip") ?? double.PositiveInfinity;
        using AveragedWeights? average = NumberOrNull(config, "ema") is { } decay ? new AveragedWeights(network, new ExponentialMovingAverage(decay, Warmup: false)) : null;
        int steps = config.GetProperty("steps").GetInt32();
        for (int step = 0; step < steps; step++)
        {
            using var stepScope = NewDisposeScope();
            double factor = Schedule.Factor(step, Number(config, "warm"), steps, floor);
            Assert.AreEqual(rates[step], baseRate * factor, rates[step] * 1e-6, $"learning rate of step {step}");
            Tensor target = io[config.GetProperty("soft").GetBoolean() ? "soft_targets" : "labels"].select(0, step);
            Tensor loss = F.cross_entropy(network.call(io["images"].select(0, step)), target, label_smoothing: Number(config, "smooth"));
            loss.backward();
            Assert.AreEqual(losses[step], loss.item<float>(), Math.Abs(losses[step]) * lossTolerance, $"loss of step {step}");
            float norm = Gradients.ClipNorm(parameters, clip).item<float>();
            Assert.AreEqual(norms[step], norm, norms[step] * 10 * lossTolerance, $"gradient norm of step {step}");
            optimizer.Step(factor);
            Gradients.Clear(parameters);
            average?.Update();
        }
        AssertWeights(end, parameters, weightTolerance);
        if (average is not null)
        {
            average.Swap();
            AssertWeights(Read(folder, "ema"), parameters, weightTolerance);
        }
    }

    private static void AssertWeights(Dictionary<string, Tensor> expected, (string Name, Parameter Value)[] parameters, double tolerance)
    {
        foreach ((string parameterName, Parameter parameter) in parameters)
        {
            double difference = (parameter - expected[parameterName]).abs().max().item<float>();
            Assert.IsLessThan(tolerance, difference, parameterName);
        }
    }

    private static IOptimizer Optimizer(JsonElement config, (string Name, Parameter Value)[] parameters)
    {
        VitOptimizer options = config.GetProperty("opt").GetString() switch
        {
            "adamw" => AdamW(config),
            "sgd" => new SgdOptimizer
            {
                LearningRate = Number(config, "lr"),
                WeightDecay = Number(config, "wd"),
                Momentum = Number(config, "momentum"),
                Nesterov = config.GetProperty("nesterov").GetBoolean(),
            },
            "muon" => new MuonOptimizer
            {
                LearningRate = Number(config, "muon_lr"),
                WeightDecay = Number(config, "wd"),
                Momentum = Number(config, "muon_momentum"),
                AdamW = AdamW(config),
            },
            string other => throw new NotSupportedException($"No optimizer '{other}'."),
            null => throw new NotSupportedException("No optimizer is named."),
        };
        return options.Build(parameters);
    }

    private static AdamWOptimizer AdamW(JsonElement config) => new()
    {
        LearningRate = Number(config, "lr"),
        WeightDecay = Number(config, "wd"),
        Beta1 = config.GetProperty("betas")[0].GetDouble(),
        Beta2 = config.GetProperty("betas")[1].GetDouble(),
        Epsilon = Number(config, "eps"),
        LayerDecay = NumberOrNull(config, "decay") ?? 1,
    };

    private static VisionTransformer Network(JsonElement model, Dictionary<string, Tensor> start)
    {
        var network = new VisionTransformer(
            new VitConfig
            {
                ImageSize = model.GetProperty("img_size").GetInt32(),
                PatchSize = model.GetProperty("patch_size").GetInt32(),
                Width = model.GetProperty("embed_dim").GetInt32(),
                Depth = model.GetProperty("depth").GetInt32(),
                Heads = model.GetProperty("num_heads").GetInt32(),
                Classes = model.GetProperty("num_classes").GetInt32(),
            },
            generator: null);
        using var noGrad = no_grad();
        foreach ((string name, Parameter parameter) in network.named_parameters())
        {
            CollectionAssert.AreEqual(start[name].shape, parameter.shape, name);
            parameter.copy_(start[name]);
        }
        return network;
    }

    private static float[] Floats(Tensor tensor) => tensor.data<float>().ToArray();

    private static double? NumberOrNull(JsonElement config, string name) => config.GetProperty(name).ValueKind == JsonValueKind.Null ? null : Number(config, name);

    private static double Number(JsonElement config, string name) => config.GetProperty(name).GetDouble();

    private static Dictionary<string, Tensor> Read(string folder, string name)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(folder, name + ".safetensors"));
        return reader.Entries.ToDictionary(entry => entry.Name, reader.Read);
    }
}
