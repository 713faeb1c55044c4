namespace Microsoft.ML.Vit.Augmentation;

/// <summary>The changes that RandAugment and TrivialAugment choose from; each but the first four takes one argument (<see cref="PixelOperations"/> says which).</summary>
internal enum PixelOperation
{
    /// <summary>Leaves the image as it is.</summary>
    Identity,

    /// <summary>Stretches each channel's values to the whole range.</summary>
    AutoContrast,

    /// <summary>Evens out each channel's histogram.</summary>
    Equalize,

    /// <summary>The negative.</summary>
    Invert,

    /// <summary>Turns the image about its centre.</summary>
    Rotate,

    /// <summary>Keeps the highest bits of each value.</summary>
    Posterize,

    /// <summary>The negative of the bright values.</summary>
    Solarize,

    /// <summary>Brightens the dark values.</summary>
    SolarizeAdd,

    /// <summary>Away from or towards grey.</summary>
    Color,

    /// <summary>Away from or towards the mean brightness.</summary>
    Contrast,

    /// <summary>Away from or towards black.</summary>
    Brightness,

    /// <summary>Away from or towards a blurred image.</summary>
    Sharpness,

    /// <summary>Shifts each row in proportion to its place.</summary>
    ShearX,

    /// <summary>Shifts each column in proportion to its place.</summary>
    ShearY,

    /// <summary>Shifts the image sideways.</summary>
    TranslateX,

    /// <summary>Shifts the image up or down.</summary>
    TranslateY,
}
