namespace Microsoft.ML.Vit;

/// <summary>How tokens know where they come from.</summary>
public enum VitPositions
{
    /// <summary>A table that is trained and stored with the weights.</summary>
    Learned,

    /// <summary>Two-dimensional sines and cosines that are never trained (MoCo v3, big_vision's <c>sincos2d</c>).</summary>
    FixedSinCos,
}
