namespace Microsoft.ML.Vit.Cores;

/// <summary>A parameter's values, and where its gradient goes; null for a frozen parameter's gradient, and for both where there is no such parameter.</summary>
internal readonly unsafe struct LearnedValues(float* values, float* gradient)
{
    /// <summary>The values.</summary>
    public readonly float* Values = values;

    /// <summary>The gradient.</summary>
    public readonly float* Gradient = gradient;
}
