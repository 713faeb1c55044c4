using CsCheck;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

/// <summary>What holds of every container, on random ones; CsCheck shrinks what fails and names the seed that repeats it.</summary>
[TestClass]
public sealed class SafetensorsPropertyTests
{
    private static readonly ScalarType[] s_types =
        [ScalarType.Float32, ScalarType.Float64, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool];

    private static readonly Gen<string> s_name = Gen.OneOf(
        Among("head.weight", "", "a\"b", "ü/名", "\\", " ", "\u0001", "😀"),
        Gen.Char['!', '~'].Array[1, 12].Select(letters => new string(letters)));

    private static readonly Gen<(string Name, ScalarType Type, long[] Shape)[]> s_contents =
        Gen.Select(s_name, Among(s_types), Gen.Long[0, 4].Array[0, 4]).Array[0, 6]
            .Select(tensors => tensors.DistinctBy(tensor => tensor.Item1).Where(tensor => tensor.Item1 != SafetensorsHeader.MetadataKey).ToArray());

    [TestMethod]
    public void WhatIsWrittenIsReadBack()
    {
        Gen.Select(s_contents, Gen.Dictionary(s_name, s_name)[0, 3], Gen.Bool).Sample(
            (contents, metadata, seekable) =>
            {
                using var scope = NewDisposeScope();
                (string Name, Tensor Tensor)[] tensors = [.. contents.Select(entry => (entry.Name, Values(entry.Type, entry.Shape)))];
                using SafetensorsReader reader = new(seekable ? new MemoryStream(Written(tensors, metadata)) : new ForwardOnlyStream(Written(tensors, metadata)), "test");
                CollectionAssert.AreEquivalent(tensors.Select(tensor => tensor.Name).ToArray(), reader.Entries.Select(entry => entry.Name).ToArray());
                CollectionAssert.AreEquivalent(metadata, reader.Metadata.ToDictionary());
                foreach (TensorEntry entry in reader.Entries)
                {
                    Tensor expected = tensors.Single(tensor => tensor.Name == entry.Name).Tensor, found = reader.Read(entry);
                    Assert.AreEqual(expected.dtype, found.dtype);
                    Assert.IsTrue(expected.IsSameAs(found), entry.Name);
                }
                reader.ThrowIfMoreFollows();
            },
            iter: 300);
    }

    [TestMethod]
    public void ADamagedFileIsReadAsSomethingConsistentOrRefusedByName()
    {
        Gen.Select(s_contents, Gen.Int[0, 3], Gen.Double[0, 0.9999], Gen.Byte, Gen.Bool).Sample(
            (contents, kind, where, value, seekable) =>
            {
                using var scope = NewDisposeScope();
                byte[] file = Written([.. contents.Select(entry => (entry.Name, Values(entry.Type, entry.Shape)))], null);
                int at = (int)(where * file.Length);
                byte[] damaged = kind switch
                {
                    0 => [.. file[..at], value, .. file[(at + 1)..]],
                    1 => file[..at],
                    2 => [.. file[..at], value, .. file[at..]],
                    _ => [.. file[..at], .. file[(at + 1)..]],
                };
                try
                {
                    using SafetensorsReader reader = new(seekable ? new MemoryStream(damaged) : new ForwardOnlyStream(damaged), "test");
                    foreach (TensorEntry entry in reader.Entries.Where(entry => entry.Type.Torch is not null || entry.Type.Carrier is not null))
                    {
                        reader.Read(entry);
                    }
                    Assert.AreEqual(reader.Entries.Cast<SafetensorsEntry>().Sum(entry => entry.End - entry.Begin), reader.Entries.Sum(entry => entry.Count * entry.Type.Bits / 8));
                }
                catch (Exception error) when (error is FormatException or InvalidDataException)
                {
                    StringAssert.StartsWith(error.Message, "test: ");
                }
            },
            iter: 2000);
    }

    [TestMethod]
    public void RangesAreAcceptedExactlyWhereTheyFillTheFileWithoutHoleOrOverlap()
    {
        Gen.Select(Gen.Select(Gen.Int[0, 4], Gen.Int[-1, 1], Gen.Int).Array[1, 4], Gen.Int[0, 3], Gen.Int[-1, 1]).Sample(
            (tensors, damage, extra) =>
            {
                // One after the other; with some damage, one of them is moved by a byte. Then in any order.
                var entries = new List<(int Begin, int End, int Order)>();
                int end = 0;
                foreach (((int size, int shift, int order), int i) in tensors.Select((tensor, i) => (tensor, i)))
                {
                    int begin = end + (i == damage ? shift : 0);
                    entries.Add((begin, begin + size, order));
                    end += size;
                }
                int length = Math.Max(0, end + extra);
                string header = string.Join(", ", entries.OrderBy(entry => entry.Order).Select((entry, i) =>
                    $$"""  "t{{i}}": {"dtype": "U8", "shape": [{{entry.End - entry.Begin}}], "data_offsets": [{{entry.Begin}}, {{entry.End}}]}  """));
                (int Begin, int End, int Order)[] sorted = [.. entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End)];
                bool isSound = sorted[0].Begin == 0 && sorted[^1].End == length && sorted.Zip(sorted.Skip(1)).All(pair => pair.First.End == pair.Second.Begin);
                Assert.AreEqual(isSound, Accepts(SafetensorsFile.Bytes($"{{{header}}}", length)), header);
            },
            iter: 2000);
    }

    private static Gen<T> Among<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static bool Accepts(byte[] file)
    {
        try
        {
            using SafetensorsReader reader = new(new MemoryStream(file), "test");
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static Tensor Values(ScalarType type, long[] shape) => arange(shape.Aggregate(1L, (product, size) => product * size), int64, CPU).reshape(shape).to(type);

    private static byte[] Written((string Name, Tensor Tensor)[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var file = new MemoryStream();
        SafetensorsWriter.Write(file, tensors, metadata);
        return file.ToArray();
    }
}
