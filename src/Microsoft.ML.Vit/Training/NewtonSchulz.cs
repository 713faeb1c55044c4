using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// The nearest semi-orthogonal matrices by five quintic Newton-Schulz steps with the coefficients of Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon): singular
/// values end between about 0.7 and 1.2, which serves Muon as well as exact ones.
/// </summary>
internal static class NewtonSchulz
{
    /// <summary>Each matrix on its own, in single precision: bfloat16 is slow on CPUs without AMX.</summary>
    /// <param name="matrices">(n, rows, columns).</param>
    /// <returns>The same shape; belongs to the caller's dispose scope.</returns>
    public static Tensor Orthogonalize(Tensor matrices)
    {
        using var scope = NewDisposeScope();
        bool isTall = matrices.size(1) > matrices.size(2);
        Tensor x = isTall ? matrices.mT : matrices;
        // The Frobenius norm bounds the largest singular value, so that the iteration converges.
        x = x / linalg.matrix_norm(x, dims: [-2, -1], keepdim: true).clamp_(min: 1e-7);
        x = ScriptedKernels.NewtonSchulz(x, 3.4445, -4.775, 2.0315, steps: 5);
        return (isTall ? x.mT : x).MoveToOuterDisposeScope();
    }
}
