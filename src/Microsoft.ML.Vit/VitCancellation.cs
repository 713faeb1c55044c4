namespace Microsoft.ML.Vit;

/// <summary>What a training does when its token is cancelled.</summary>
public enum VitCancellation
{
    /// <summary>OperationCanceledException is thrown.</summary>
    Throw,

    /// <summary>
    /// Training ends with what it has: with validation images the weights of the epoch that did best on them, before the first validation and without any the weights as they are, averaged where
    /// <see cref="VitOptions.WeightAverage"/> is set. Before the first step OperationCanceledException is thrown all the same.
    /// </summary>
    ReturnBest,
}
