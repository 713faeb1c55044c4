using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// A network's blocks for one thread that trains them in float32 on a CPU with 512-bit vectors: forward and backward by own products in place of libtorch's operations and its autograd. The gradients of
/// the micro-batches add up where they are wanted.
/// </summary>
internal sealed class LearningBlocks : IDisposable
{
    // Of a few images that pass through all blocks together: as many as products need to be fast, as few as what one step leaves for the next still lies in the core's cache. Measured at 32 px: 6 images
    // (384) pass 1.05 times as fast as 16.
    private const int Rows = 384;

    private readonly VisionTransformer _network;
    private readonly IReadOnlyList<Block> _modules;
    private readonly NativeFloats _panel = new(LearningLinear.PanelFloats);
    private readonly int _first; // block that learns; those before need no backward pass and keep nothing
    private LearningBlock[] _blocks = [];
    private LearningMemory? _memory;
    private KeptBlock[] _kept = [];

    /// <param name="network">One that <see cref="CanTrain"/>.</param>
    /// <param name="learning">Names of the parameters that learn.</param>
    /// <param name="inputLearns">Whether the blocks' input has a gradient too.</param>
    public LearningBlocks(VisionTransformer network, IEnumerable<string> learning, bool inputLearns)
    {
        _network = network;
        _modules = network.Blocks;
        string[] names = [.. learning];
        _first = inputLearns ? 0 : Enumerable.Range(0, _modules.Count).FirstOrDefault(i => names.Any(name => name.StartsWith(Prefix(i), StringComparison.Ordinal)), _modules.Count);
        InputLearns = inputLearns;
    }

    /// <summary>How many blocks keep something: those that learn, or one for all.</summary>
    private int KeepingBlocks => Math.Max(1, _modules.Count - _first);

    /// <summary>Whether there is anything to pass back.</summary>
    public bool Learns => InputLearns || _first < _modules.Count;

    /// <summary>Whether the blocks' input has a gradient.</summary>
    public bool InputLearns { get; }

    /// <summary>Whether processor and architecture allow it; where not, libtorch's way is as right.</summary>
    public static bool CanTrain(VisionTransformer network)
    {
        VitConfig config = network.Config;
        bool sizes = BlockShape.Of(config).SuitsKernels && config.Width <= LearningLinear.Depth;
        // The attention weights are kept, which grow with the square of the tokens: long sequences are for libtorch's fused attention, which keeps none.
        return sizes && config.Tokens < Attention.FusedFromTokens && config is { Dropout: 0, AttentionDropout: 0, QkNorm: false, SwiGlu: false, Activation: VitActivation.Gelu }
            && network.ComputeType == ScalarType.Float32 && network.named_parameters().All(p => p.parameter.dtype == ScalarType.Float32 && p.parameter.is_contiguous());
    }

    /// <summary>Takes the parameters' values, which may have moved, and where their gradients go.</summary>
    /// <param name="gradients">By the parameters' names in the network; none for those that are frozen.</param>
    public void Begin(IReadOnlyDictionary<string, Tensor> gradients)
    {
        _blocks = [.. _modules.Select((block, i) => Bind(block, name => gradients.GetValueOrDefault(Prefix(i) + name)))];
    }

    /// <summary>The last block's tokens (B, T, D), without gradients, of the first's. Drops paths as the blocks themselves would.</summary>
    public unsafe Tensor Forward(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        int images = (int)tokens.size(0), size = (int)(tokens.size(1) * tokens.size(2));
        LearningMemory memory = Reserve(images, (int)tokens.size(1));
        // In the forward pass's order, so that a seed drops the same as in the blocks themselves.
        float[][] masks = [.. _modules.SelectMany(block => (float[][])[Mask(block, tokens), Mask(block, tokens)])];
        Tensor result = empty(tokens.shape);
        Span<float> before = Floats.Of(tokens.detach().contiguous()), after = Floats.Of(result);
        for (int first = 0; first < images; first += memory.Images)
        {
            int count = Math.Min(memory.Images, images - first);
            var own = new Span<float>(memory.Tokens.Pointer, count * size);
            before.Slice(first * size, own.Length).CopyTo(own);
            for (int i = 0; i < _blocks.Length; i++)
            {
                KeptBlock kept = Kept(first, i);
                kept.Attention.Choose(count, Part(masks[2 * i], first, count));
                kept.Mlp.Choose(count, Part(masks[(2 * i) + 1], first, count));
                _blocks[i].Forward(memory, kept);
            }
            own.CopyTo(after[(first * size)..]);
        }
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Passes the gradient of what <see cref="Forward"/> gave last back through the blocks that learn.</summary>
    /// <param name="gradient">(B, T, D).</param>
    /// <param name="adds">Whether the parameters' gradients are added to what is there.</param>
    /// <returns>The gradient of the tokens, where the input learns.</returns>
    public unsafe Tensor? Backward(Tensor gradient, bool adds)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        LearningMemory memory = _memory!;
        int images = (int)gradient.size(0), size = (int)(gradient.size(1) * gradient.size(2));
        Tensor result = empty(InputLearns ? gradient.shape : [0]);
        Span<float> after = Floats.Of(gradient.contiguous()), before = Floats.Of(result);
        // The last images first: what they kept is still near.
        for (int first = (images - 1) / memory.Images * memory.Images; first >= 0; first -= memory.Images, adds = true)
        {
            var own = new Span<float>(memory.Gradient.Pointer, Math.Min(memory.Images, images - first) * size);
            after.Slice(first * size, own.Length).CopyTo(own);
            for (int i = _blocks.Length - 1; i >= _first; i--)
            {
                _blocks[i].Backward(memory, Kept(first, i), adds, toInput: InputLearns || i > _first);
            }
            if (InputLearns)
            {
                own.CopyTo(before[(first * size)..]);
            }
        }
        return InputLearns ? result.MoveToOuterDisposeScope() : null;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Free();
        _panel.Dispose();
    }

    private static string Prefix(int block) => FormattableString.Invariant($"blocks.{block}.");

    private static float[] Mask(Block block, Tensor tokens)
    {
        if (!block.DropPath.IsActive || !block.training)
        {
            return [];
        }
        using Tensor mask = block.DropPath.Mask(tokens);
        return Floats.Of(mask).ToArray();
    }

    private static ReadOnlySpan<float> Part(float[] mask, int first, int count) => mask.Length == 0 ? [] : mask.AsSpan(first, count);

    private void Free()
    {
        _memory?.Dispose();
        Array.ForEach(_kept, kept => kept.Dispose());
    }

    /// <summary>What a block keeps of the images from the given one on.</summary>
    private KeptBlock Kept(int image, int block) => _kept[(image / _memory!.Images * KeepingBlocks) + Math.Max(0, block - _first)];

    /// <summary>Memory for so many images with so many tokens; patches that are dropped have none.</summary>
    private LearningMemory Reserve(int images, int tokens)
    {
        int parts = _memory is null ? 0 : (images + _memory.Images - 1) / _memory.Images;
        if (_memory is null || _memory.Shape.Tokens != tokens || _kept.Length < parts * KeepingBlocks)
        {
            Free();
            VitConfig config = _network.Config;
            BlockShape shape = BlockShape.Of(config) with { Tokens = tokens };
            int together = Math.Min(images, (Rows + tokens - 1) / tokens);
            _memory = new LearningMemory(shape, together, _panel);
            _kept = [.. Enumerable.Range(0, (images + together - 1) / together * KeepingBlocks).Select(_ => new KeptBlock(shape, together, config.LayerScale is not null))];
        }
        return _memory;
    }

    private LearningBlock Bind(Block block, Func<string, Tensor?> gradientOf)
    {
        VitConfig config = _network.Config;
        LearnedValues Of(Parameter? parameter, string name) => Learned(parameter, gradientOf(name));
        LearningNorm Norm(LayerNorm norm, string name) => new(Of(norm.Weight, name + ".weight"), Of(norm.Bias, name + ".bias"), config.Width, norm.Epsilon);
        LearningLinear Product(Linear linear, string name) =>
            new(Of(linear.Weight, name + ".weight"), Of(linear.Bias, name + ".bias"), (int)linear.Weight.size(1), (int)linear.Weight.size(0), _panel);
        LearningScale? Scale(LayerScale? scale, string name) => scale is null ? null : new(Of(scale.Gamma, name + ".gamma"), config.Width);
        var mlp = (Mlp)block.FeedForward;
        return new LearningBlock(
            Norm(block.Norm1, "norm1"), Product(block.Attention.Qkv, "attn.qkv"), Product(block.Attention.Projection, "attn.proj"), Scale(block.Scale1, "ls1"),
            Norm(block.Norm2, "norm2"), Product(mlp.Fc1, "mlp.fc1"), Product(mlp.Fc2, "mlp.fc2"), Scale(block.Scale2, "ls2"));
    }

    private static unsafe LearnedValues Learned(Parameter? parameter, Tensor? gradient)
    {
        float* Start(Tensor? tensor) => tensor is null ? null : Floats.Pointer(tensor);
        return new LearnedValues(Start(parameter), Start(gradient));
    }
}
