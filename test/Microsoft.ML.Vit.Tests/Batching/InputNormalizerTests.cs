using Microsoft.ML.Vit.Batching;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests.Batching;

[TestClass]
public sealed class InputNormalizerTests
{
    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(7, 13)]
    [DataRow(16, 32)]
    public void BytesInMemoryBecomeWhatBytesOfATensorDo(int height, int width)
    {
        var preprocessing = new Preprocessing { Size = new(height, width), Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225] };
        using var normalizer = new InputNormalizer(preprocessing, torch.CPU);
        ImageShape shape = ImageShape.Of(preprocessing, isFloat: false);
        byte[] pixels = new byte[2 * shape.Bytes];
        new Random(1).NextBytes(pixels);
        using var scope = torch.NewDisposeScope();
        torch.Tensor batch = shape.NewBatch(2);
        pixels.CopyTo(batch.bytes);
        torch.Tensor expected = normalizer.Apply(batch), found = normalizer.Apply(pixels, shape, 2);
        CollectionAssert.AreEqual(expected.shape, found.shape);
        CollectionAssert.AreEqual(expected.data<float>().ToArray(), found.data<float>().ToArray());
    }
}
