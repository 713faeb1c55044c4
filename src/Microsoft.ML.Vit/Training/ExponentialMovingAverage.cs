namespace Microsoft.ML.Vit;

/// <summary>
/// A running average of the weights over the steps of the training (Polyak and Juditsky 1992; timm's <c>ModelEmaV3</c>). It is what is validated and what the training results in;
/// the optimizer goes on from the weights themselves.
/// </summary>
/// <param name="Decay">What the average keeps of itself at a step, 0 to below 1; 0.9998 averages over about 5,000 steps. Default 0.9998.</param>
/// <param name="Warmup">
/// Whether the decay begins at 0.1 and rises as (1 + t) / (10 + t) over the steps t, until it reaches <paramref name="Decay"/>: without it the average of a short training remembers the start.
/// Default true.
/// </param>
public sealed record ExponentialMovingAverage(double Decay = 0.9998, bool Warmup = true)
{
    /// <summary>What the average keeps of itself at a step.</summary>
    /// <param name="step">From 0.</param>
    internal double DecayAt(long step) => Warmup ? Math.Min(Decay, (1.0 + step) / (10 + step)) : Decay;

    /// <summary>What is wrong, none when it is sound.</summary>
    internal IEnumerable<string> Problems() =>
        Decay is >= 0 and < 1 ? [] : [$"{nameof(ExponentialMovingAverage)}.{nameof(Decay)} is {Decay}; expected 0 to below 1."];
}
