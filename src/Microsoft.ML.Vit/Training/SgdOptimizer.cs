namespace Microsoft.ML.Vit;

/// <summary>
/// Stochastic gradient descent with momentum, in PyTorch's form: weight decay is added to the gradient. Learning rate 0.03 and weight decay 0 by
/// default, as in the ViT paper's fine-tuning.
/// </summary>
public sealed record SgdOptimizer : VitOptimizer
{
    /// <summary>The defaults.</summary>
    public SgdOptimizer()
    {
        LearningRate = 0.03;
    }

    /// <summary>Momentum, 0 to below 1. Default 0.9.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Whether the momentum is Nesterov's, which needs one above zero. Default false.</summary>
    public bool Nesterov { get; init; }
}
