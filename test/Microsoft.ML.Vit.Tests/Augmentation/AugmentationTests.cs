using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit.Tests.Augmentation;

/// <summary>What every augmentation must do, found by reflection: a new one is tested by being there.</summary>
[TestClass]
public sealed class AugmentationTests
{
    private const int Channels = 3;
    private static readonly PixelSize[] _sizes = [new(12, 17), new(16, 8), new(9, 9), new(1, 5), new(1, 1)];

    private static IEnumerable<object[]> All => typeof(VitAugmentation).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(VitAugmentation)) && !type.IsAbstract)
        .Select(type => new object[] { Make(type) });

    [TestMethod]
    [DynamicData(nameof(All))]
    public void DefaultsAreSoundForEverySize(VitAugmentation augmentation)
    {
        foreach (PixelSize size in _sizes)
        {
            Assert.AreEqual(0, augmentation.Problems(size).Count(), $"{augmentation} at {size}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void TheRecordIsSealedAndEqualByValue(VitAugmentation augmentation)
    {
        Assert.IsTrue(augmentation.GetType().IsSealed);
        Assert.AreEqual(augmentation, Make(augmentation.GetType()));
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void TheSameSeedGivesTheSamePixelsAndOthersDiffer(VitAugmentation augmentation)
    {
        byte[] image = Image(_sizes[0], 1);
        List<byte[]> results = [.. Enumerable.Range(0, 20).Select(seed => Apply(augmentation, image, _sizes[0], seed))];
        for (int seed = 0; seed < results.Count; seed++)
        {
            CollectionAssert.AreEqual(results[seed], Apply(augmentation, image, _sizes[0], seed));
        }
        Assert.IsGreaterThan(1, results.Select(Convert.ToHexString).Distinct().Count());
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void ValuesStayInTheImagesRangeAndTheSourceIsLeftAlone(VitAugmentation augmentation)
    {
        foreach (PixelSize size in _sizes)
        {
            byte[] image = [.. Image(size, 2).Select(value => (byte)(50 + value / 2))];
            byte[] before = [.. image];
            for (int seed = 0; seed < 20; seed++)
            {
                byte[] result = Apply(augmentation, image, size, seed);
                Assert.IsGreaterThanOrEqualTo(image.Min(), result.Min());
                Assert.IsLessThanOrEqualTo(image.Max(), result.Max());
            }
            CollectionAssert.AreEqual(before, image);
        }
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void EveryValueOfTheTargetIsWritten(VitAugmentation augmentation)
    {
        foreach (PixelSize size in _sizes)
        {
            float[] image = [.. Image(size, 3).Select(value => (float)value)];
            float[] target = new float[image.Length];
            for (int seed = 0; seed < 20; seed++)
            {
                Array.Fill(target, float.NaN);
                augmentation.Apply<float>(image, target, Channels, size, new Random(seed));
                Assert.IsFalse(target.Any(float.IsNaN));
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void BytesAndFloatsAgreeToRounding(VitAugmentation augmentation)
    {
        foreach (PixelSize size in _sizes)
        {
            byte[] image = Image(size, 4);
            float[] floats = [.. image.Select(value => (float)value)];
            for (int seed = 0; seed < 20; seed++)
            {
                float[] result = new float[floats.Length];
                augmentation.Apply<float>(floats, result, Channels, size, new Random(seed));
                byte[] expected = Apply(augmentation, image, size, seed);
                Assert.IsTrue(expected.Zip(result).All(pair => Math.Abs(pair.First - pair.Second) <= 0.5f));
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void ChannelsChangeAlike(VitAugmentation augmentation)
    {
        byte[] plane = [.. Image(_sizes[0], 5).Take(12 * 17)];
        byte[] result = Apply(augmentation, [.. plane, .. plane, .. plane], _sizes[0], 6);
        CollectionAssert.AreEqual(result[..plane.Length], result[plane.Length..(2 * plane.Length)]);
        CollectionAssert.AreEqual(result[..plane.Length], result[(2 * plane.Length)..]);
    }

    [TestMethod]
    public void APipelineIsItsAugmentationsInOrder()
    {
        PixelSize size = _sizes[0];
        VitAugmentation[] all = [new RandomResizedCrop(), new HorizontalFlip(), new RandomCrop(2), new HorizontalFlip(1)];
        for (int count = 0; count <= all.Length; count++)
        {
            byte[] image = Image(size, 7);
            byte[] expected = image;
            var random = new Random(8);
            foreach (VitAugmentation augmentation in all.Take(count))
            {
                byte[] next = new byte[image.Length];
                augmentation.Apply<byte>(expected, next, Channels, size, random);
                expected = next;
            }
            var pipeline = new AugmentationPipeline(all[..count], Channels, size);
            byte[] target = new byte[image.Length];
            for (int pass = 0; pass < 2; pass++)
            {
                pipeline.Apply<byte>(image, target, new Random(8));
                CollectionAssert.AreEqual(expected, target);
            }
        }
    }

    internal static byte[] Image(PixelSize size, int seed)
    {
        byte[] image = new byte[Channels * size.Height * size.Width];
        new Random(seed).NextBytes(image);
        return image;
    }

    /// <summary>Applies to spans within a larger array, so that a write outside the target shows.</summary>
    private static byte[] Apply(VitAugmentation augmentation, byte[] image, PixelSize size, int seed)
    {
        const int Guard = 64;
        byte[] framed = new byte[image.Length + 2 * Guard];
        Array.Fill(framed, (byte)0xA5);
        augmentation.Apply<byte>(image, framed.AsSpan(Guard, image.Length), Channels, size, new Random(seed));
        Assert.IsTrue(framed[..Guard].Concat(framed[^Guard..]).All(value => value == 0xA5));
        return framed[Guard..^Guard];
    }

    private static VitAugmentation Make(Type type)
    {
        // The primary constructor with its default values.
        object?[] defaults = [.. type.GetConstructors()[0].GetParameters().Select(parameter => parameter.DefaultValue)];
        return (VitAugmentation)Activator.CreateInstance(type, defaults)!;
    }
}
