namespace Microsoft.ML.Vit;

/// <summary>AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101). Learning rate 1e-3 and weight decay 0.05 by default.</summary>
public sealed record AdamWOptimizer : VitOptimizer
{
    /// <summary>The defaults.</summary>
    public AdamWOptimizer()
    {
        LearningRate = 1e-3;
        WeightDecay = 0.05;
    }

    /// <summary>Decay of the gradients' mean, 0 to below 1. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradients' mean, 0 to below 1. Default 0.99: short trainings want it below the usual 0.999.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Added to the denominator, above zero. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;
}
