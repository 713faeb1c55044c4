using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests.Pretraining;

/// <summary>Pre-training as a user meets it: an option of the trainer.</summary>
[TestClass]
public class PretrainingTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    private static readonly VitOptions s_options = TestImages.TinyOptions with { Epochs = 1, Pretraining = new MaskedAutoencoderPretraining { Epochs = 2, MaskRatio = 0.5 } };

    [TestMethod]
    public void NonsenseIsReportedTogether()
    {
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(new VitOptions
        {
            FreezeBackbone = true,
            Pretraining = new MaskedAutoencoderPretraining { Share = 1, Epochs = 0, MaskRatio = double.NaN, DecoderWidth = 30, DecoderDepth = 0, Optimizer = new AdamWOptimizer { Beta1 = 2 } },
        }));
        foreach (string expected in new[]
        {
            "Pretraining is set with FreezeBackbone", "Pretraining.Share is 1; expected above 0 and below 1", "Pretraining.Epochs is 0", "Pretraining.MaskRatio is NaN",
            "Pretraining.DecoderWidth is 30; expected a multiple of 4", "Pretraining.DecoderDepth is 0", "Pretraining.Optimizer: AdamWOptimizer.Beta1 is 2",
        })
        {
            StringAssert.Contains(e.Message, expected);
        }
    }

    [TestMethod]
    public void TrainingStartsFromWhatWasLearnedAndTheModelHoldsNoDecoder()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        using VitTransformer plain = s_ml.MulticlassClassification.Trainers.Vit(s_options with { Pretraining = null }).Fit(data);
        using VitTransformer pretrained = s_ml.MulticlassClassification.Trainers.Vit(s_options).Fit(data);
        using VitTransformer again = s_ml.MulticlassClassification.Trainers.Vit(s_options).Fit(data);
        Assert.AreEqual(plain.Model, pretrained.Model);
        Assert.HasCount(1, pretrained.History);
        CollectionAssert.AreNotEqual(Scores(plain, data), Scores(pretrained, data));
        CollectionAssert.AreEqual(Scores(pretrained, data), Scores(again, data));
        Assert.AreEqual(SizeOf(plain, data), SizeOf(pretrained, data), 500); // the log of the epoch has other numbers
    }

    [TestMethod]
    public void ImagesWithoutALabelColumnAreLearnedFrom()
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        IDataView data = EstimatorConformanceTests.Keyed(ml, 24);
        IDataView further = ml.Transforms.SelectColumns("Features").Fit(data).Transform(ml.Data.LoadFromEnumerable(TestImages.Pixels(12, seed: 5)));
        Assert.IsNull(further.Schema.GetColumnOrNull("Label"));
        using VitTransformer alone = ml.MulticlassClassification.Trainers.Vit(s_options with { ValidationFraction = 0.25 }).Fit(data);
        using VitTransformer more = ml.MulticlassClassification.Trainers.Vit(s_options with { ValidationFraction = 0.25, Pretraining = s_options.Pretraining! with { Images = further } }).Fit(data);
        Assert.IsTrue(log.Any(line => line.Contains("Pre-trains on 18 images, 8 a step, 2 of 4 patches seen.")), string.Join("\n", log));
        Assert.IsTrue(log.Any(line => line.Contains("Pre-trains on 30 images")), string.Join("\n", log));
        Assert.AreEqual(4, log.Count(line => line.Contains("Pre-training epoch ")));
        CollectionAssert.AreNotEqual(Scores(alone, data), Scores(more, data));
    }

    [TestMethod]
    [DataRow("bytes")]
    [DataRow("paths")]
    [DataRow("images")]
    public void EveryKindOfImageColumnWillDo(string column)
    {
        using var data = new ImageColumnData(column);
        VitOptions options = s_options with { Pretraining = s_options.Pretraining! with { Images = data.View } };
        using VitTransformer model = data.Context.MulticlassClassification.Trainers.Vit(options).Fit(data.View);
        Assert.HasCount(1, model.History);
    }

    [TestMethod]
    public void ImagesMustBeThereAndOfTheTrainingImagesKind()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        using var pictures = new ImageColumnData("bytes");
        ArgumentOutOfRangeException kind = Refused<ArgumentOutOfRangeException>(data, pictures.View);
        StringAssert.Contains(kind.Message, "both must hold images, or both float vectors");
        ArgumentOutOfRangeException column = Refused<ArgumentOutOfRangeException>(data, s_ml.Transforms.SelectColumns("Label").Fit(data).Transform(data));
        StringAssert.Contains(column.Message, "Features");
        InvalidOperationException empty = Refused<InvalidOperationException>(data, s_ml.Data.SkipRows(data, 1000));
        StringAssert.Contains(empty.Message, "The pre-training data has no rows.");
    }

    [TestMethod]
    public void ANetworkThatSeesOnePatchIsRefused()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => s_ml.MulticlassClassification.Trainers.Vit(s_options with { Model = TestImages.TinyModel with { PatchSize = 16 } }).Fit(data));
        StringAssert.Contains(e.Message, "one patch");
    }

    [TestMethod]
    public void CancellingStopsPretrainingToo()
    {
        var ml = new MLContext(1);
        using var cancellation = new CancellationTokenSource();
        ml.Log += (_, e) =>
        {
            if (e.Message.Contains("Pre-training epoch 1 of"))
            {
                cancellation.Cancel();
            }
        };
        VitOptions options = s_options with { CancellationToken = cancellation.Token, Pretraining = s_options.Pretraining! with { Epochs = 1000 } };
        Assert.ThrowsExactly<OperationCanceledException>(() => ml.MulticlassClassification.Trainers.Vit(options).Fit(EstimatorConformanceTests.Keyed(ml, 24)));
    }

    [TestMethod]
    public void AResumedTrainingPretrainsNoMoreAndEndsAsOneThatWasNotInterrupted()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        IDataView data = EstimatorConformanceTests.Keyed(ml, 24);
        VitOptions options = s_options with { Epochs = 3, Pretraining = s_options.Pretraining! with { Images = data } };
        using VitTransformer whole = ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        log.Clear();

        using var cancellation = new CancellationTokenSource();
        VitOptions kept = options with { CheckpointDirectory = folder.Path };
        VitOptions interrupted = kept with { CancellationToken = cancellation.Token, Progress = new Cancelling(cancellation) };
        Assert.ThrowsExactly<OperationCanceledException>(() => ml.MulticlassClassification.Trainers.Vit(interrupted).Fit(data));
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(() => ml.MulticlassClassification.Trainers
            .Vit(kept with { Pretraining = kept.Pretraining! with { MaskRatio = 0.25, Images = null } }).Fit(data));
        StringAssert.Contains(e.Message, "Pretraining.MaskRatio was 0.5 and is 0.25");
        StringAssert.Contains(e.Message, "Pre-training images was 24");
        using VitTransformer resumed = ml.MulticlassClassification.Trainers.Vit(kept).Fit(data);
        Assert.AreEqual(2, log.Count(line => line.Contains("Pre-training epoch ")));
        CollectionAssert.AreEqual(Scores(whole, data), Scores(resumed, data));
    }

    private static TException Refused<TException>(IDataView data, IDataView images)
        where TException : Exception =>
        Assert.ThrowsExactly<TException>(() => s_ml.MulticlassClassification.Trainers.Vit(s_options with { Pretraining = s_options.Pretraining! with { Images = images } }).Fit(data));

    private static float[] Scores(VitTransformer model, IDataView data) => [.. model.Transform(data).GetColumn<float[]>("Score").SelectMany(score => score)];

    private static long SizeOf(VitTransformer model, IDataView data)
    {
        using var stream = new MemoryStream();
        s_ml.Model.Save(model, data.Schema, stream);
        return stream.Length;
    }

    private sealed class Cancelling(CancellationTokenSource source) : IProgress<EpochMetrics>
    {
        public void Report(EpochMetrics value) => source.Cancel();
    }
}
