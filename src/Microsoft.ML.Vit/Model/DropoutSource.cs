using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>The random generator that all dropout of one network draws from, in the order of the forward pass: equal seeds drop the same units on every device.</summary>
internal sealed class DropoutSource
{
    private readonly ThreadLocal<Generator?> _generator = new();

    /// <summary>The calling thread's CPU generator, set by whoever trains; never the process-wide one. Threads that share a network each have their own.</summary>
    public Generator? Generator
    {
        get => _generator.Value;
        set => _generator.Value = value;
    }

    /// <summary>A mask of the shape whose elements are 1/(1 - rate) with probability 1 - rate and else 0, on the device and of the type of <paramref name="like"/>.</summary>
    /// <exception cref="InvalidOperationException">No generator was set.</exception>
    public Tensor Mask(long[] shape, double rate, Tensor like)
    {
        Generator generator = GeneratorOrThrow();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        double keep = 1 - rate;
        Tensor mask = empty(shape, float32, CPU).bernoulli_(keep, generator).div_(keep);
        return mask.to(like.dtype, like.device).MoveToOuterDisposeScope();
    }

    /// <summary>For each of so many rows, <paramref name="kept"/> different numbers below <paramref name="count"/>, every choice equally probable: (rows, kept), int64.</summary>
    /// <exception cref="InvalidOperationException">No generator was set.</exception>
    public Tensor Subsets(long rows, int count, int kept, Device device)
    {
        Generator generator = GeneratorOrThrow();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor order = empty([rows, count], float32, CPU).uniform_(0, 1, generator).argsort(1);
        return order.narrow(1, 0, kept).to(device).MoveToOuterDisposeScope();
    }

    private Generator GeneratorOrThrow() => Generator ?? throw new InvalidOperationException(
        $"The network drops units in training but has no generator for it; set {nameof(VisionTransformer)}.{nameof(VisionTransformer.DropoutGenerator)}, or call eval().");
}
