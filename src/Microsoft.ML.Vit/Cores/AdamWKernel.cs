using System.Numerics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>A step of AdamW as PyTorch computes it, one pass over some elements.</summary>
/// <param name="Keep">What decay leaves of a parameter: 1 - learning rate times weight decay.</param>
/// <param name="Rate">The learning rate over the bias correction of the means, 1 - beta1^t.</param>
/// <param name="Beta1">Decay of the means.</param>
/// <param name="Beta2">Decay of the squares.</param>
/// <param name="SquareCorrection">The root of the bias correction of the squares, 1 - beta2^t.</param>
/// <param name="Epsilon">Added to the denominator.</param>
internal readonly record struct AdamWKernel(float Keep, float Rate, float Beta1, float Beta2, float SquareCorrection, float Epsilon)
{
    /// <summary>Changes parameters, means and squares in place; all spans are of the same length.</summary>
    public void Apply(Span<float> parameters, ReadOnlySpan<float> gradients, Span<float> means, Span<float> squares)
    {
        int i = 0;
        var (keep, rate, root) = (new Vector<float>(Keep), new Vector<float>(Rate), new Vector<float>(1 / SquareCorrection));
        var (toMean, oldSquare, toSquare, epsilon) = (new Vector<float>(1 - Beta1), new Vector<float>(Beta2), new Vector<float>(1 - Beta2), new Vector<float>(Epsilon));
        for (; i <= parameters.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var gradient = new Vector<float>(gradients[i..]);
            var mean = new Vector<float>(means[i..]);
            mean += toMean * (gradient - mean);
            Vector<float> square = (oldSquare * new Vector<float>(squares[i..])) + (toSquare * gradient * gradient);
            Vector<float> parameter = (keep * new Vector<float>(parameters[i..])) - (rate * mean / ((Vector.SquareRoot(square) * root) + epsilon));
            mean.CopyTo(means[i..]);
            square.CopyTo(squares[i..]);
            parameter.CopyTo(parameters[i..]);
        }
        for (; i < parameters.Length; i++)
        {
            float gradient = gradients[i];
            means[i] += (1 - Beta1) * (gradient - means[i]);
            squares[i] = (Beta2 * squares[i]) + ((1 - Beta2) * gradient * gradient);
            parameters[i] = (Keep * parameters[i]) - (Rate * means[i] / ((MathF.Sqrt(squares[i]) * (1 / SquareCorrection)) + Epsilon));
        }
    }
}
