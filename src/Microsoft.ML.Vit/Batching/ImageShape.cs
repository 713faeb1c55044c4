using TorchSharp;

namespace Microsoft.ML.Vit.Batching;

/// <summary>The layout of one image in memory: planes of rows, channels first, as bytes (0 to 255) or as 32-bit floats.</summary>
/// <param name="Channels">Planes.</param>
/// <param name="Size">Height and width of a plane.</param>
/// <param name="IsFloat">Floats from a vector column, else bytes from an image.</param>
/// <param name="CropSource">Height and width of a larger copy that is kept behind each image, in the same layout, for crops to be cut out of; null for none.</param>
internal readonly record struct ImageShape(int Channels, PixelSize Size, bool IsFloat, PixelSize? CropSource = null)
{
    /// <summary>The shape that images have when they are read for a network.</summary>
    public static ImageShape Of(Preprocessing preprocessing, bool isFloat) => new(preprocessing.Channels, preprocessing.Size, isFloat);

    /// <summary>Values of one image.</summary>
    public int Elements => checked(Channels * Size.Height * Size.Width);

    /// <summary>Bytes of one image as the network sees it.</summary>
    public int Bytes => checked(Elements * (IsFloat ? sizeof(float) : sizeof(byte)));

    /// <summary>Bytes of one image as it is kept for training: with the larger copy behind it, where there is one.</summary>
    public int KeptBytes => CropSource is { } size ? checked(Bytes + (this with { Size = size, CropSource = null }).Bytes) : Bytes;

    /// <summary>The type of a tensor of such images.</summary>
    public torch.ScalarType TensorType => IsFloat ? torch.ScalarType.Float32 : torch.ScalarType.Byte;

    /// <summary>An uninitialised CPU tensor (count, C, H, W) for such images.</summary>
    public torch.Tensor NewBatch(int count) => torch.empty([count, Channels, Size.Height, Size.Width], TensorType);
}
