using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// ATen's operations over lists of tensors, which TorchSharp does not bind, by way of TorchScript: one native call, and on CUDA a few kernels, in place of several for every
/// parameter. To be called under <c>no_grad</c>.
/// </summary>
internal static class FusedKernels
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

        def clip(grads: List[Tensor], max_norm: float) -> Tensor:
            norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(grads)))
            torch._foreach_mul_(grads, torch.clamp(max_norm / (norm + 1e-6), max=1.0))
            return norm
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

    /// <summary>Scales gradients in place to a global norm of at most <paramref name="maxNorm"/>. Returns the norm before, a scalar on the gradients' device.</summary>
    public static Tensor Clip(Tensor[] gradients, double maxNorm)
    {
        // A Scalar argument is kept alive here: a double's would be a temporary that the garbage collector may free during the call.
        using Scalar limit = maxNorm;
        return (Tensor)Unit.invoke("clip", gradients, limit);
    }
}
