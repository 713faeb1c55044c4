namespace Microsoft.ML.Vit;

/// <summary>What training does with an image that cannot be read.</summary>
public enum InvalidImageHandling
{
    /// <summary>Stop with an error that names the file or the row.</summary>
    Throw,

    /// <summary>Leave the row out, and say in the log how many were.</summary>
    Skip,
}
