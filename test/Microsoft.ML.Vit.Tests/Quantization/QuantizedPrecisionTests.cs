using Microsoft.ML.Data;
using Microsoft.ML.Vit.Quantization;

namespace Microsoft.ML.Vit.Tests.Quantization;

[TestClass]
public sealed class QuantizedPrecisionTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    private static IDataView Rows => s_ml.Transforms.DropColumns("Label").Fit(Labeled).Transform(Labeled);

    private static IDataView Labeled => s_ml.Data.LoadFromEnumerable(TestImages.Pixels(40));

    [TestMethod]
    public void AModelInBFloat16QuantizesFromFloat32AndItsZipScoresTheSame()
    {
        using VitTransformer plain = Plain();
        using VitTransformer halves = plain.WithPrecision(VitPrecision.BFloat16);
        using VitTransformer quantized = Quantized(halves);
        Assert.AreEqual(VitPrecision.Float32, quantized.Precision);
        AssertReloadedScoresTheSame(quantized);
    }

    [TestMethod]
    [DataRow(VitPrecision.Float32)]
    [DataRow(VitPrecision.BFloat16)]
    public void AQuantizedModelInAnotherPrecisionIsQuantizedNoLongerAndItsZipScoresTheSame(VitPrecision precision)
    {
        using VitTransformer plain = Plain();
        using VitTransformer quantized = Quantized(plain);
        using VitTransformer floats = quantized.WithPrecision(precision);
        Assert.IsNull(floats.Quantization);
        Assert.AreEqual(precision, floats.Precision);
        AssertReloadedScoresTheSame(floats);
    }

    private static VitTransformer Plain() => QuantizedModel.Undecided(s_ml, classes: 10);

    private static VitTransformer Quantized(VitTransformer model)
    {
        if (QuantizedNetwork.Problem is { } problem)
        {
            Assert.Inconclusive(problem);
        }
        return model.Quantize(Rows, new QuantizationOptions { AllowedAccuracyDrop = 100 });
    }

    private static void AssertReloadedScoresTheSame(VitTransformer model)
    {
        var zip = new MemoryStream();
        s_ml.Model.Save(model, Rows.Schema, zip);
        using var loaded = (VitTransformer)s_ml.Model.Load(new MemoryStream(zip.ToArray()), out _);
        Assert.AreEqual(model.Precision, loaded.Precision);
        Assert.AreEqual(model.Quantization, loaded.Quantization);
        float[][] expected = Scores(model), found = Scores(loaded);
        for (int i = 0; i < expected.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i], found[i], $"image {i}");
        }
    }

    private static float[][] Scores(VitTransformer model) => [.. model.Transform(Rows).GetColumn<float[]>("Score")];
}
