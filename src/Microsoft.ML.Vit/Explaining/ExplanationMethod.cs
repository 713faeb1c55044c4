namespace Microsoft.ML.Vit;

/// <summary>How attention becomes a number for each patch.</summary>
public enum ExplanationMethod
{
    /// <summary>Gradient-weighted relevance for one class (Chefer et al. 2021, arXiv 2103.15679).</summary>
    Relevance,

    /// <summary>Attention rollout, whatever the class (Abnar and Zuidema 2020, arXiv 2005.00928).</summary>
    Rollout,
}
