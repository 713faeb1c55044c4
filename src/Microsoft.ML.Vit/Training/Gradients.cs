using Microsoft.ML.Vit.Cores;
using TorchSharp.Modules;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.Vit.Training;

/// <summary>The gradients of named parameters.</summary>
internal static class Gradients
{
    /// <summary>One gradient per parameter, in order. They belong to the caller's dispose scope.</summary>
    /// <exception cref="InvalidOperationException">A parameter has none.</exception>
    public static Tensor[] Of(IReadOnlyList<(string Name, Parameter Value)> parameters)
    {
        var gradients = new Tensor[parameters.Count];
        for (int i = 0; i < gradients.Length; i++)
        {
            gradients[i] = parameters[i].Value.grad
                ?? throw new InvalidOperationException($"{parameters[i].Name} has no gradient: the loss does not depend on it, or backward was not called.");
        }
        return gradients;
    }

    /// <summary>
    /// Scales the gradients in place so that the norm of all of them together is at most <paramref name="maxNorm"/>, as <c>torch.nn.utils.clip_grad_norm_</c> does.
    /// </summary>
    /// <param name="parameters">Those trained.</param>
    /// <param name="maxNorm">Above zero; positive infinity only measures.</param>
    /// <returns>The norm before, a scalar on the gradients' device, so that nothing waits for it; it belongs to the caller's dispose scope.</returns>
    public static Tensor ClipNorm(IReadOnlyList<(string Name, Parameter Value)> parameters, double maxNorm)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] gradients = Of(parameters);
        if (ElementParts.CanDivide(gradients))
        {
            return ClipNormOnCores(gradients, maxNorm).MoveToOuterDisposeScope();
        }
        Tensor norm = ScriptedKernels.GlobalNorm(gradients);
        ScriptedKernels.Multiply(gradients, (maxNorm / (norm + 1e-6)).clamp_(max: 1));
        return norm.MoveToOuterDisposeScope();
    }

    /// <summary>Frees the gradients: cheaper than filling them with zeros, and the next backward writes instead of adding.</summary>
    public static void Clear(IReadOnlyList<(string Name, Parameter Value)> parameters)
    {
        foreach ((_, Parameter parameter) in parameters)
        {
            parameter.grad = null;
        }
    }

    private static unsafe Tensor ClipNormOnCores(Tensor[] gradients, double maxNorm)
    {
        var parts = new ElementParts(gradients);
        float*[] pointers = ElementParts.Pointers(gradients);
        double[] squares = new double[parts.Count]; // added up in their order, so that the norm does not depend on which core was first
        parts.ForEach((part, i, start, count) => squares[part] = TensorPrimitives.SumOfSquares(new ReadOnlySpan<float>(pointers[i] + start, count)));
        double norm = Math.Sqrt(squares.Sum());
        double factor = maxNorm / (norm + 1e-6);
        if (!(factor >= 1)) // not a number too: the loss is looked at elsewhere
        {
            parts.ForEach((_, i, start, count) =>
            {
                var values = new Span<float>(pointers[i] + start, count);
                TensorPrimitives.Multiply(values, (float)factor, values);
            });
        }
        return tensor((float)norm);
    }
}
