using Microsoft.ML.Vit.Cores;
using TorchSharp;
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
        const double Linear = 3.4445, Cubic = -4.775, Quintic = 2.0315;
        const int Steps = 5;
        using var scope = NewDisposeScope();
        // The Frobenius norm bounds the largest singular value, so that the iteration converges.
        Tensor x = matrices / linalg.matrix_norm(matrices, dims: [-2, -1], keepdim: true).clamp_(min: 1e-7);
        if (x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32 && QuinticIteration.CanIterate(x.size(1), x.size(2)))
        {
            return OnCores(x.contiguous(), (float)Linear, (float)Cubic, (float)Quintic, Steps).MoveToOuterDisposeScope();
        }
        bool isTall = x.size(1) > x.size(2);
        x = ScriptedKernels.NewtonSchulz(isTall ? x.mT : x, Linear, Cubic, Quintic, Steps);
        return (isTall ? x.mT : x).MoveToOuterDisposeScope();
    }

    /// <summary>Each matrix by one core; which, does not matter.</summary>
    private static unsafe Tensor OnCores(Tensor x, float a, float b, float c, int steps)
    {
        Tensor result = empty_like(x);
        int count = (int)x.size(0), rows = (int)x.size(1), columns = (int)x.size(2);
        CoreThreads threads = CoreThreads.Shared;
        float* source = Floats.Pointer(x), target = Floats.Pointer(result);
        void Run(int first, int step)
        {
            using var iteration = new QuinticIteration(rows, columns);
            for (int i = first; i < count; i += step)
            {
                iteration.Run(source + ((long)i * rows * columns), a, b, c, steps, target + ((long)i * rows * columns));
            }
        }
        if (!threads.TryForEach(thread => Run(thread, threads.Count)))
        {
            Run(0, 1);
        }
        return result;
    }
}
