namespace Microsoft.ML.Vit.Images;

/// <summary>What the feature column holds.</summary>
internal enum ImageColumnKind
{
    /// <summary>Decoded images (MLImage).</summary>
    Images,

    /// <summary>Encoded images, as vectors of bytes.</summary>
    EncodedBytes,

    /// <summary>Paths of image files, as text.</summary>
    Paths,

    /// <summary>Values of channels x height x width, as vectors of floats.</summary>
    Floats,
}
