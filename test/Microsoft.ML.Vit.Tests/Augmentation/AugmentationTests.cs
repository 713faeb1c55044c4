using System.Numerics;
using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit.Tests.Augmentation;

/// <summary>What every augmentation must do, found by reflection: a new one is tested by being there.</summary>
[TestClass]
public sealed class AugmentationTests
{
    private const int Channels = 3;
    private static readonly PixelSize[] _sizes = [new(12, 17), new(16, 8), new(9, 9), new(1, 5), new(1, 1)];

    private static IEnumerable<int> Seeds => Enumerable.Range(0, 60);

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
        List<byte[]> results = [.. Seeds.Select(seed => Apply(augmentation, image, _sizes[0], seed))];
        for (int seed = 0; seed < results.Count; seed++)
        {
            CollectionAssert.AreEqual(results[seed], Apply(augmentation, image, _sizes[0], seed));
        }
        Assert.IsGreaterThan(1, results.Select(Convert.ToHexString).Distinct().Count());
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void FloatsOfAnyScaleStayInTheImagesRange(VitAugmentation augmentation)
    {
        foreach (float scale in new[] { 1f, 1e-3f, 1e30f })
        {
            float[] image = [.. Image(_sizes[0], 2).Select(value => (value - 100) * scale)];
            float slack = (image.Max() - image.Min()) * 1e-6f;
            foreach (float[] result in Seeds.Select(seed => Apply(augmentation, image, _sizes[0], seed)))
            {
                Assert.IsGreaterThanOrEqualTo(image.Min() - slack, result.Min());
                Assert.IsLessThanOrEqualTo(image.Max() + slack, result.Max());
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void AnImageOfOneValueStaysInFloats(VitAugmentation augmentation)
    {
        float[] image = Enumerable.Repeat(-3.25f, 3 * 12 * 17).ToArray();
        foreach (int seed in Seeds)
        {
            CollectionAssert.AreEqual(image, Apply(augmentation, image, _sizes[0], seed));
        }
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void TheSourceIsLeftAlone(VitAugmentation augmentation)
    {
        foreach (PixelSize size in _sizes)
        {
            byte[] image = Image(size, 2);
            byte[] before = [.. image];
            foreach (int seed in Seeds)
            {
                Apply(augmentation, image, size, seed);
            }
            CollectionAssert.AreEqual(before, image);
        }
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void EveryValueOfTheTargetIsWrittenForAnyNumberOfChannels(VitAugmentation augmentation)
    {
        foreach (PixelSize size in _sizes)
        {
            foreach (int channels in new[] { 1, 3, 5 })
            {
                float[] image = [.. Image(size, 3, channels).Select(value => (float)value)];
                float[] target = new float[image.Length];
                foreach (int seed in Seeds)
                {
                    Array.Fill(target, float.NaN);
                    augmentation.Apply<float>(image, target, channels, size, new Random(seed));
                    Assert.IsFalse(target.Any(float.IsNaN));
                }
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(All))]
    public void BytesAndFloatsAgreeToRounding(VitAugmentation augmentation)
    {
        foreach (PixelSize size in _sizes)
        {
            // Floats are worked on in their image's range: here that of bytes.
            byte[] image = Image(size, 4);
            (image[0], image[^1]) = (0, 255);
            float[] floats = [.. image.Select(value => (float)value)];
            foreach (int seed in Seeds)
            {
                float[] result = Apply(augmentation, floats, size, seed);
                byte[] expected = Apply(augmentation, image, size, seed);
                Assert.IsTrue(expected.Zip(result).All(pair => Math.Abs(pair.First - pair.Second) <= 0.5f));
            }
        }
    }

    /// <summary>All but RandAugment, which fills with a colour, and RandomErasing, whose noise is drawn for each value.</summary>
    private static IEnumerable<object[]> Grey => All.Where(row => row[0] is not (RandAugment or RandomErasing)).Append([new RandomErasing(1, Fill: ErasingFill.Mean)]);

    [TestMethod]
    [DynamicData(nameof(Grey))]
    public void GreyStaysGrey(VitAugmentation augmentation)
    {
        byte[] plane = [.. Image(_sizes[0], 5).Take(12 * 17)];
        foreach (int seed in Seeds)
        {
            byte[] result = Apply<byte>(augmentation, [.. plane, .. plane, .. plane], _sizes[0], seed);
            CollectionAssert.AreEqual(result[..plane.Length], result[plane.Length..(2 * plane.Length)]);
            CollectionAssert.AreEqual(result[..plane.Length], result[(2 * plane.Length)..]);
        }
    }

    [TestMethod]
    public void APipelineIsItsAugmentationsInOrder()
    {
        PixelSize size = _sizes[0];
        VitAugmentation[] all = [new RandomResizedCrop(), new RandAugment(), new RandomCrop(2), new RandomErasing(1)];
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

    internal static byte[] Image(PixelSize size, int seed, int channels = Channels)
    {
        byte[] image = new byte[channels * size.Height * size.Width];
        new Random(seed).NextBytes(image);
        return image;
    }

    /// <summary>Applies to spans within a larger array, so that a write outside the target shows.</summary>
    private static T[] Apply<T>(VitAugmentation augmentation, T[] image, PixelSize size, int seed)
        where T : unmanaged, INumber<T>
    {
        const int Guard = 64;
        T mark = T.CreateTruncating(0xA5);
        T[] framed = new T[image.Length + 2 * Guard];
        Array.Fill(framed, mark);
        augmentation.Apply<T>(image, framed.AsSpan(Guard, image.Length), Channels, size, new Random(seed));
        Assert.IsTrue(framed[..Guard].Concat(framed[^Guard..]).All(value => value == mark));
        return framed[Guard..^Guard];
    }

    private static VitAugmentation Make(Type type)
    {
        // The primary constructor with its default values.
        object?[] defaults = [.. type.GetConstructors()[0].GetParameters().Select(parameter => parameter.DefaultValue)];
        return (VitAugmentation)Activator.CreateInstance(type, defaults)!;
    }
}
