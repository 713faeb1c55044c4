namespace Microsoft.ML.Vit.Images;

/// <summary>What a pixel's fourth byte means for the other three.</summary>
internal enum AlphaKind
{
    /// <summary>Nothing: the image is opaque.</summary>
    Opaque,

    /// <summary>Coverage; the colours are as they would be without it.</summary>
    Straight,

    /// <summary>Coverage, by which the colours have been multiplied already.</summary>
    Premultiplied,
}
