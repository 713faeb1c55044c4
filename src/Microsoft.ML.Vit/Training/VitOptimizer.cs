namespace Microsoft.ML.Vit;

/// <summary>An optimizer and its hyperparameters: <see cref="AdamWOptimizer"/>, <see cref="SgdOptimizer"/> or <see cref="MuonOptimizer"/>.</summary>
public abstract record VitOptimizer
{
    private protected VitOptimizer()
    {
    }

    /// <summary>The highest learning rate of the schedule, above zero. The default depends on the optimizer.</summary>
    public double LearningRate { get; init; }

    /// <summary>Decoupled weight decay, not on biases, norms, positions and tokens; not negative. The default depends on the optimizer.</summary>
    public double WeightDecay { get; init; }
}
