using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// ATen's operations over lists of tensors, which TorchSharp does not bind, by way of TorchScript: one native call, and on CUDA a few kernels, in place of several for every
/// parameter. Number arguments are Scalars held until the call returns: a double would become a temporary one, which the garbage collector may free too early.
/// To be called under <c>no_grad</c>.
/// </summary>
internal static class ScriptedKernels
{
    private const string Source = """
        def adamw(params: List[Tensor], grads: List[Tensor], means: List[Tensor], squares: List[Tensor], step: Tensor,
                  lr: float, beta1: float, beta2: float, weight_decay: float, eps: float):
            steps = [step for _ in params]
            torch._fused_adamw_(params, grads, means, squares, [], steps, lr=lr, beta1=beta1, beta2=beta2,
                                weight_decay=weight_decay, eps=eps, amsgrad=False, maximize=False)

        def sgd(params: List[Tensor], grads: List[Tensor], buffers: List[Tensor],
                lr: float, momentum: float, weight_decay: float, nesterov: bool, is_first_step: bool):
            torch._fused_sgd_(params, grads, buffers, weight_decay=weight_decay, momentum=momentum, lr=lr, dampening=0.0,
                              nesterov=nesterov, maximize=False, is_first_step=is_first_step)

        def decay_and_add(params: List[Tensor], updates: Tensor, decay: float, alpha: float):
            torch._foreach_mul_(params, decay)
            torch._foreach_add_(params, torch.unbind(updates), alpha=alpha)

        def global_norm(tensors: List[Tensor]) -> Tensor:
            return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(tensors)))

        def multiply(tensors: List[Tensor], factor: Tensor):
            torch._foreach_mul_(tensors, factor)

        def lerp(tensors: List[Tensor], ends: List[Tensor], weight: float):
            torch._foreach_lerp_(tensors, ends, weight)

        def newton_schulz(x: Tensor, a: float, b: float, c: float, steps: int) -> Tensor:
            gram = torch.bmm(x, x.mT)
            rest = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)  # p = a I + rest
            product = rest.clone()
            product.diagonal(0, 1, 2).add_(a)
            for _ in range(steps - 1):
                half = torch.baddbmm(gram, gram, rest, beta=a)
                gram = torch.baddbmm(half, half, rest, beta=a)
                rest = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
                product = torch.baddbmm(product, product, rest, beta=a)
            return torch.bmm(product, x)

        """;

    /// <summary>Compiled once for the process: disposing a CompilationUnit does not free it.</summary>
    private static readonly jit.CompilationUnit Unit = jit.compile(Source);

    /// <summary>AdamW; <paramref name="step"/> is a float scalar, the step's number from 1.</summary>
    public static void AdamW(
        Tensor[] parameters, Tensor[] gradients, Tensor[] means, Tensor[] squares, Tensor step, double learningRate, AdamWOptimizer options, double weightDecay)
    {
        using Scalar rate = learningRate, beta1 = options.Beta1, beta2 = options.Beta2, decay = weightDecay, epsilon = options.Epsilon;
        Unit.invoke("adamw", parameters, gradients, means, squares, step, rate, beta1, beta2, decay, epsilon);
    }

    /// <summary>SGD; <paramref name="buffers"/> is empty without momentum.</summary>
    public static void Sgd(
        Tensor[] parameters, Tensor[] gradients, Tensor[] buffers, double learningRate, SgdOptimizer options, double weightDecay, bool isFirstStep)
    {
        using Scalar rate = learningRate, momentum = options.Momentum, decay = weightDecay;
        Unit.invoke("sgd", parameters, gradients, buffers, rate, momentum, decay, options.Nesterov, isFirstStep);
    }

    /// <summary>Each parameter becomes decay * parameter + alpha * update; the updates are stacked along the first dimension.</summary>
    public static void DecayAndAdd(Tensor[] parameters, Tensor updates, double decay, double alpha)
    {
        using Scalar keep = decay, scale = alpha;
        Unit.invoke("decay_and_add", parameters, updates, keep, scale);
    }

    /// <summary>The Euclidean norm of all tensors together, a scalar on their device.</summary>
    public static Tensor GlobalNorm(Tensor[] tensors) => (Tensor)Unit.invoke("global_norm", [tensors]);

    /// <summary>Multiplies each in place by a scalar on their device.</summary>
    public static void Multiply(Tensor[] tensors, Tensor factor) => Unit.invoke("multiply", tensors, factor);

    /// <summary>Moves each by the weight, 0 to 1, towards its end.</summary>
    public static void Lerp(Tensor[] tensors, Tensor[] ends, double weight)
    {
        using Scalar share = weight;
        Unit.invoke("lerp", tensors, ends, share);
    }

    /// <summary>
    /// So many times x becomes p x with p = a I + b g + c g g and g = x x', for each matrix of (n, rows, columns), rows at most columns. The p of all steps are polynomials
    /// of the first g and commute, so only (rows, rows) matrices are iterated, g becoming p g p, and x is multiplied once by their product: about half the arithmetic.
    /// </summary>
    public static Tensor NewtonSchulz(Tensor x, double a, double b, double c, int steps)
    {
        // In TorchScript because TorchSharp 0.107's own baddbmm takes its operands in another order than PyTorch's: the last is the one added.
        using Scalar linear = a, cubic = b, quintic = c;
        return (Tensor)Unit.invoke("newton_schulz", x, linear, cubic, quintic, steps);
    }
}
