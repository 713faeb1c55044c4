using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests;

/// <summary>Checkpoints through the public surface: ready classifiers, fine-tuning, embeddings.</summary>
[TestClass]
[TestCategory("Fixtures")]
public class PretrainedTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void AReadyCheckpointPredictsWithItsOwnClasses()
    {
        VitCheckpoint checkpoint = VitCheckpoint.Open(Fixtures.Folder("hf-vit"));
        using VitTransformer ready = s_ml.Transforms.LoadVit(Fixtures.Folder("hf-vit"), featureColumnName: "ImagePath");
        CollectionAssert.AreEqual(checkpoint.ClassNames!.ToArray(), ready.ClassNames.ToArray());
        using var folder = new TemporaryFolder();
        IDataView images = s_ml.Data.LoadImagesFromFolder(TestImages.WriteFolder(folder.Path, perClass: 2, side: 40));
        IDataView scored = s_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(ready.Transform(images)).Transform(ready.Transform(images));
        foreach (string label in scored.GetColumn<string>("PredictedLabel"))
        {
            CollectionAssert.Contains(checkpoint.ClassNames!.ToArray(), label);
        }
        Assert.IsTrue(scored.GetColumn<float[]>("Score").All(score => Math.Abs(score.Sum() - 1) < 1e-5));
    }

    [TestMethod]
    public void AReadyCheckpointIsSavedAndReopened()
    {
        using var folder = new TemporaryFolder();
        IDataView images = s_ml.Data.LoadImagesFromFolder(TestImages.WriteFolder(folder["images"], perClass: 2, side: 40));
        using VitTransformer ready = s_ml.Transforms.LoadVit(Fixtures.Folder("hf-dinov2-registers"), featureColumnName: "ImagePath");
        s_ml.Model.Save(ready, images.Schema, folder["model.zip"]);
        using var reopened = (VitTransformer)new MLContext().Model.Load(folder["model.zip"], out _);
        CollectionAssert.AreEqual(Flat(ready.Transform(images), "Score"), Flat(reopened.Transform(images), "Score"));
    }

    [TestMethod]
    [DataRow("timm-plain")]
    [DataRow("hf-deit-distilled")]
    [DataRow("hf-dinov2-swiglu")]
    [DataRow("hf-vitmodel-bare")]
    [DataRow("google-npz")]
    [DataRow("torchvision-prelogits")]
    [DataRow("seed-labml")]
    public void FineTuningReplacesTheClassifierAndSaysSo(string fixture)
    {
        var ml = new MLContext(seed: 1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        IDataView data = Paths(ml, out TemporaryFolder folder);
        using (folder)
        {
            VitCheckpoint checkpoint = VitCheckpoint.Open(Fixtures.Folder(fixture));
            using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(Options(checkpoint) with { Epochs = 6, Optimizer = new AdamWOptimizer { LearningRate = 3e-3 } }).Fit(data);
            Assert.AreEqual(3, model.Model.Classes);
            Assert.IsTrue(model.History[^1].TrainingLoss < model.History[0].TrainingLoss, $"{model.History[0].TrainingLoss} to {model.History[^1].TrainingLoss}");
            Assert.IsTrue(log.Any(line => line.Contains("classifier is replaced") || line.Contains("has no classifier")), string.Join("\n", log));
        }
    }

    [TestMethod]
    public void AClassifierOfTheSameClassesIsKeptInTheirOrder()
    {
        using var checkpointFolder = new TemporaryFolder();
        string source = Fixtures.Folder("timm-plain");
        foreach (string file in Directory.EnumerateFiles(source))
        {
            File.Copy(file, checkpointFolder[Path.GetFileName(file)]);
        }
        // The data's classes by another order than their own.
        JsonNode config = JsonNode.Parse(File.ReadAllText(checkpointFolder["config.json"]))!;
        int classes = (int)config["num_classes"]!;
        string[] names = [.. Enumerable.Range(0, classes).Select(i => $"class_{classes - 1 - i}")];
        config["label_names"] = new JsonArray([.. names.Select(name => (JsonNode)name)]);
        File.WriteAllText(checkpointFolder["config.json"], config.ToJsonString());
        VitCheckpoint checkpoint = VitCheckpoint.Open(checkpointFolder.Path);

        for (int i = 0; i < 2 * classes; i++)
        {
            string label = Directory.CreateDirectory(checkpointFolder["images", $"class_{i % classes}"]).FullName;
            File.WriteAllBytes(Path.Combine(label, $"{i}.png"), TestImages.Png(TestImages.Pixels(i + 1, side: 40).Last().Features, side: 40));
        }
        IDataView view = s_ml.Data.LoadImagesFromFolder(checkpointFolder["images"]);
        IDataView data = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(view).Transform(view);
        // A rate that changes nothing: what comes out is what went in.
        VitOptions options = Options(checkpoint) with { Epochs = 1, Optimizer = new SgdOptimizer { LearningRate = 1e-30 } };
        using VitTransformer tuned = s_ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        using VitTransformer ready = s_ml.Transforms.LoadVit(checkpoint, featureColumnName: "ImagePath");
        float[][] its = [.. ready.Transform(data).GetColumn<float[]>("Score")];
        float[][] ours = [.. tuned.Transform(data).GetColumn<float[]>("Score")];
        for (int i = 0; i < its.Length; i++)
        {
            for (int c = 0; c < classes; c++)
            {
                Assert.AreEqual(its[i][ready.ClassNames.ToList().IndexOf(tuned.ClassNames[c])], ours[i][c], 1e-5f);
            }
        }
    }

    [TestMethod]
    public void FrozenPartsStayBitForBit()
    {
        VitCheckpoint checkpoint = VitCheckpoint.Open(Fixtures.Folder("timm-plain"));
        IDataView data = Paths(s_ml, out TemporaryFolder folder);
        using (folder)
        {
            foreach ((VitOptions options, Func<string, bool> frozen) in new (VitOptions, Func<string, bool>)[]
            {
                (Options(checkpoint) with { FreezeBackbone = true }, name => !name.StartsWith("head", StringComparison.Ordinal)),
                (Options(checkpoint) with { FrozenBlocks = 1 }, name => name.StartsWith("blocks.0.", StringComparison.Ordinal) || name is "pos_embed" or "cls_token" || name.StartsWith("patch_embed", StringComparison.Ordinal)),
            })
            {
                using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(options with { Epochs = 2 }).Fit(data);
                s_ml.Model.Save(model, data.Schema, folder["m.zip"]);
                Dictionary<string, byte[]> before = SavedWeights.OfFile(Path.Combine(Fixtures.Folder("timm-plain"), "model.safetensors"));
                Dictionary<string, byte[]> after = SavedWeights.OfZip(folder["m.zip"]);
                foreach (string name in after.Keys.Where(name => !name.StartsWith("head", StringComparison.Ordinal)))
                {
                    Assert.AreEqual(frozen(name), before[name].AsSpan().SequenceEqual(after[name]), name);
                }
            }
        }
    }

    [TestMethod]
    public void AnotherImageSizeResizesThePositions()
    {
        var ml = new MLContext(seed: 1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        IDataView data = Paths(ml, out TemporaryFolder folder);
        using (folder)
        {
            VitCheckpoint checkpoint = VitCheckpoint.Open(Fixtures.Folder("timm-plain"));
            PixelSize patch = checkpoint.Model.PatchSize;
            var size = new PixelSize(checkpoint.Model.ImageSize.Height + (2 * patch.Height), checkpoint.Model.ImageSize.Width + patch.Width);
            using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(Options(checkpoint) with { Model = checkpoint.Model with { ImageSize = size }, Epochs = 1 }).Fit(data);
            Assert.AreEqual(size, model.Model.ImageSize);
            Assert.AreEqual(size, model.Preprocessing.Size);
            Assert.IsTrue(log.Any(line => line.Contains("Positions are resized")));
        }
    }

    [TestMethod]
    public void FreezingWithoutACheckpointOrBeyondItsDepthIsRefused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(new VitOptions { FreezeBackbone = true })).Message, "Pretrained");
        VitCheckpoint checkpoint = VitCheckpoint.Open(Fixtures.Folder("timm-plain"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(new VitOptions { Pretrained = checkpoint, FrozenBlocks = 99 })).Message, "FrozenBlocks is 99");
    }

    [TestMethod]
    [DataRow("hf-dinov2", VitEmbedding.Pooled, 2)]
    [DataRow("hf-vit", VitEmbedding.ClassToken, 1)]
    [DataRow("timm-nocls-gap", VitEmbedding.Mean, 1)]
    [DataRow("hf-vitmodel-bare", VitEmbedding.ClassTokenAndMean, 2)]
    public void EmbeddingsFeedAnyTrainerAndSurviveTheZip(string fixture, VitEmbedding embedding, int widths)
    {
        VitCheckpoint checkpoint = VitCheckpoint.Open(Fixtures.Folder(fixture));
        using var folder = new TemporaryFolder();
        IDataView images = s_ml.Data.LoadImagesFromFolder(TestImages.WriteFolder(folder["images"], perClass: 8, side: 40));
        var pipeline = s_ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(s_ml.Transforms.VitFeaturizer("Features", "ImagePath", checkpoint, embedding))
            .Append(s_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
            .Append(s_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var model = pipeline.Fit(images);
        IDataView scored = model.Transform(images);
        Assert.AreEqual(widths * checkpoint.Model.Width, ((VectorDataViewType)scored.Schema["Features"].Type).Size);
        Assert.IsTrue(s_ml.MulticlassClassification.Evaluate(scored).MicroAccuracy > 0.8);

        s_ml.Model.Save(model, images.Schema, folder["model.zip"]);
        var other = new MLContext();
        ITransformer reopened = other.Model.Load(folder["model.zip"], out _);
        using var disposable = reopened as IDisposable;
        CollectionAssert.AreEqual(Flat(scored, "Features"), Flat(reopened.Transform(images), "Features"));
    }

    [TestMethod]
    public void TheFeaturizersShapeIsWhatItTurnsOutAndAMissingTokenIsRefused()
    {
        VitCheckpoint checkpoint = VitCheckpoint.Open(Fixtures.Folder("timm-nocls-gap"));
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.Transforms.VitFeaturizer("Features", "ImagePath", checkpoint, VitEmbedding.ClassToken));
        StringAssert.Contains(e.Message, "class token");
        using var data = new ImageColumnData("paths");
        VitFeaturizingEstimator estimator = data.Context.Transforms.VitFeaturizer("Vector", "Features", checkpoint);
        using VitFeaturizingTransformer transformer = estimator.Fit(data.View);
        SchemaShape promised = estimator.GetOutputSchema(SchemaShape.Create(data.View.Schema));
        SchemaShape found = SchemaShape.Create(transformer.GetOutputSchema(data.View.Schema));
        CollectionAssert.AreEquivalent(promised.Select(c => $"{c.Name} {c.Kind} {c.ItemType}").ToArray(), found.Select(c => $"{c.Name} {c.Kind} {c.ItemType}").ToArray());
    }

    [TestMethod]
    public void NamesThatLeadNowhereAreRefusedWithoutAnyDownload()
    {
        foreach (string name in new[] { "nowhere", "./no/where", "owner/model.safetensors", "a/b/c", "/no/such/folder" })
        {
            Assert.ThrowsExactly<FileNotFoundException>(() => VitCheckpoint.Open(name), name);
        }
    }

    private static VitOptions Options(VitCheckpoint checkpoint) => new()
    {
        Pretrained = checkpoint,
        FeatureColumnName = "ImagePath",
        Device = "cpu",
        BatchSize = 6,
        Model = checkpoint.Model with { Dropout = 0, AttentionDropout = 0 },
        Augmentations = [],
    };

    private static IDataView Paths(MLContext ml, out TemporaryFolder folder)
    {
        folder = new TemporaryFolder();
        IDataView images = ml.Data.LoadImagesFromFolder(TestImages.WriteFolder(folder["images"], perClass: 6, side: 40));
        return ml.Transforms.Conversion.MapValueToKey("Label").Fit(images).Transform(images);
    }

    private static float[] Flat(IDataView data, string column) => [.. data.GetColumn<float[]>(column).SelectMany(values => values)];
}
