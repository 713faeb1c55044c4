namespace Microsoft.ML.Vit;

/// <summary>What <see cref="RandomErasing"/> puts in place of what it erases.</summary>
public enum ErasingFill
{
    /// <summary>Noise, drawn for every value: normal with the mean and standard deviation of the image's channel, held within the channel's range.</summary>
    Noise = 0,

    /// <summary>The mean of the image's channel.</summary>
    Mean = 1,
}
