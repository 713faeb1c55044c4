using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// The Vision Transformer (Dosovitskiy et al. 2020, arXiv 2010.11929) with the variations that <see cref="VitConfig"/> names. Parameters and buffers are named as in timm's
/// <c>VisionTransformer</c>. Built on the CPU in float32; in training mode, as PyTorch's modules are.
/// </summary>
internal sealed partial class VisionTransformer : nn.Module<Tensor, Tensor>
{
    private readonly DropoutSource _dropoutSource = new();
    private readonly Dropout _dropout;
    private readonly PatchDropout _patchDropout;
    private readonly FixedPositions? _fixedPositions;

    [ComponentName(Name = "cls_token")]
    private readonly Parameter? _classToken; // (1, 1, D)

    [ComponentName(Name = "dist_token")]
    private readonly Parameter? _distillationToken; // (1, 1, D)

    [ComponentName(Name = "reg_token")]
    private readonly Parameter? _registerTokens; // (1, R, D)

    [ComponentName(Name = "pos_embed")]
    private readonly Parameter? _positions; // (1, N to 2 + N, D)

    [ComponentName(Name = "patch_embed")]
    private readonly nn.Module<Tensor, Tensor> _patchEmbedding;

    [ComponentName(Name = "blocks")]
    private readonly ModuleList<Block> _blocks = new();

    [ComponentName(Name = "norm")]
    private readonly LayerNorm? _norm;

    [ComponentName(Name = "fc_norm")]
    private readonly LayerNorm? _pooledNorm;

    [ComponentName(Name = "pre_logits")]
    private readonly PreLogits? _preLogits;

    [ComponentName(Name = "head")]
    private readonly Linear? _head;

    [ComponentName(Name = "head_dist")]
    private readonly Linear? _distillationHead;

    /// <summary>
    /// Builds the network and initialises it as timm does, from the generator; without one the weights are undefined until they are loaded or
    /// <see cref="Initialize"/> is called, which makes a big network that is about to be overwritten cheap.
    /// </summary>
    /// <exception cref="ArgumentException">The configuration is not sound; the message holds all its problems.</exception>
    public VisionTransformer(VitConfig config, Generator? generator)
        : base(nameof(VisionTransformer))
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Problems() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join(" ", problems), nameof(config));
        }
        Config = config;
        int width = config.Width;

        _patchEmbedding = config.Stem == VitStem.Convolutions ? new ConvolutionStem(config) : new PatchEmbedding(config);
        _classToken = config.HasClassToken ? Weights.Parameter(1, 1, width) : null;
        _distillationToken = config.HasDistillationToken ? Weights.Parameter(1, 1, width) : null;
        _registerTokens = config.RegisterTokens > 0 ? Weights.Parameter(1, config.RegisterTokens, width) : null;
        if (config.Positions == VitPositions.Learned)
        {
            _positions = Weights.Parameter(1, config.PositionRows, width);
        }
        else
        {
            _fixedPositions = new FixedPositions(config);
        }
        _dropout = new Dropout(config.Dropout, _dropoutSource);
        _patchDropout = new PatchDropout(config.PatchDropout, _dropoutSource);
        for (int i = 0; i < config.Depth; i++)
        {
            _blocks.Add(new Block(config, i, _dropoutSource));
        }

        var norm = new LayerNorm(width, config.NormEpsilon);
        (_norm, _pooledNorm) = config.Pooling == VitPooling.Mean ? (null, norm) : (norm, (LayerNorm?)null);
        _preLogits = config.HeadHiddenSize is int hidden ? new PreLogits(config.PooledSize, hidden, config.HeadActivation) : null;
        _head = config.Classes > 0 ? new Linear(config.HeadHiddenSize ?? config.PooledSize, config.Classes) : null;
        _distillationHead = config.Distillation == VitDistillation.TokenAndHead ? new Linear(width, config.Classes) : null;
        RegisterComponents();

        if (generator is not null)
        {
            TimmInitialization.Apply(this, generator);
        }
    }

    /// <summary>The architecture.</summary>
    public VitConfig Config { get; }

    /// <summary>The CPU generator that dropout and drop path draw from when the calling thread trains; needed where their rates are above zero.</summary>
    public Generator? DropoutGenerator
    {
        get => _dropoutSource.Generator;
        set => _dropoutSource.Generator = value;
    }

    /// <summary>What the blocks' products compute in: float32 (the default) or bfloat16. Weights, tokens, normalisation, embedding and head stay float32.</summary>
    public ScalarType ComputeType
    {
        get => _blocks[0].ComputeType;
        set
        {
            foreach (Block block in _blocks)
            {
                block.ComputeType = value;
            }
        }
    }

    /// <summary>From images to patches: a <see cref="PatchEmbedding"/> or a <see cref="ConvolutionStem"/>.</summary>
    public nn.Module<Tensor, Tensor> Stem => _patchEmbedding;

    /// <summary>The class token (1, 1, D), where there is one.</summary>
    public Parameter? ClassToken => _classToken;

    /// <summary>The distillation token (1, 1, D), where there is one.</summary>
    public Parameter? DistillationToken => _distillationToken;

    /// <summary>The register tokens (1, R, D), where there are any.</summary>
    public Parameter? RegisterTokens => _registerTokens;

    /// <summary>The learned positions (1, N, D), before them those of class and distillation token where they have one; null where they are fixed.</summary>
    public Parameter? Positions => _positions;

    /// <summary>The blocks, first to last.</summary>
    public IReadOnlyList<Block> Blocks => [.. _blocks];

    /// <summary>Class logits (B, Classes) of normalised float32 images (B, C, H, W); without head, the vectors before it (B, OutputSize).</summary>
    public override Tensor forward(Tensor images)
    {
        if (ReadsHeadInput)
        {
            using Tensor input = images.flatten(1);
            return ApplyHead(input);
        }
        using Tensor patches = EmbedPatches(images);
        return ForwardPatches(patches);
    }

    /// <summary>The patches (B, N, D) of normalised images (B, C, H, W), before positions. With a convolutional stem, statistics are of the whole batch in training.</summary>
    /// <exception cref="ArgumentException">The images are not of the configured size and channels.</exception>
    public Tensor EmbedPatches(Tensor images)
    {
        ThrowIfNotOurs(images);
        return _patchEmbedding.call(images);
    }

    /// <summary>The rest of <see cref="forward"/>: logits (B, Classes) of patches (B, N, D), each image on its own.</summary>
    /// <param name="patches">What <see cref="EmbedPatches"/> gives.</param>
    /// <param name="attention">Receives each block's attention weights (B, H, T, T), in no dispose scope and part of the graph; null for the faster way without.</param>
    public Tensor ForwardPatches(Tensor patches, List<Tensor>? attention = null)
    {
        using Tensor tokens = Encode(patches, attention: attention);
        return Classify(tokens);
    }

    /// <summary>Patches (B, N, D) to tokens (B, T, D): adds positions, puts class token, distillation token and registers first, drops patches and units in training.</summary>
    public Tensor EmbedTokens(Tensor patches) => EmbedTokens(patches, visible: null);

    private Tensor EmbedTokens(Tensor patches, Tensor? visible)
    {
        using var scope = NewDisposeScope();
        visible ??= _patchDropout.Draw(patches.size(0), Config.PatchTokens, training, patches.device);
        Tensor x = _dropout.Apply(Embed(patches, visible), _dropout.IsActive && training);
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The tokens (B, T, D) of the last block, in the order class token, distillation token, registers, patches; normalised unless pooling is
    /// <see cref="VitPooling.Mean"/>, which normalises what it pooled (timm's <c>forward_features</c>).
    /// </summary>
    /// <exception cref="ArgumentException">The images are not of the configured size and channels.</exception>
    public Tensor ForwardFeatures(Tensor images)
    {
        using Tensor patches = EmbedPatches(images);
        return EncodeVisible(patches, visible: null);
    }

    /// <summary>
    /// As <see cref="ForwardFeatures"/>, of patches (B, N, D) of which the blocks see only those at the indices <paramref name="visible"/> (B, K): tokens (B, prefix + K, D), the patches' in the
    /// indices' order.
    /// </summary>
    public Tensor EncodeVisible(Tensor patches, Tensor? visible)
    {
        using var scope = NewDisposeScope();
        Tensor tokens = Encode(patches, visible);
        return (_norm?.call(tokens) ?? tokens).MoveToOuterDisposeScope();
    }

    /// <summary>Patches (B, N, D), or of them those at the indices (B, K), through all blocks to tokens (B, T, D), not yet normalised.</summary>
    private Tensor Encode(Tensor patches, Tensor? visible = null, List<Tensor>? attention = null)
    {
        using var scope = NewDisposeScope();
        Tensor x = EmbedTokens(patches, visible); // (B, T, D)
        foreach (Block block in _blocks)
        {
            Tensor before = x;
            x = block.forward(x, attention);
            before.Dispose(); // so that scoring holds one block's tokens, not all blocks'
        }
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>Patches (B, N, D) to tokens (B, T, D). Registers have no position.</summary>
    private Tensor Embed(Tensor patches, Tensor? visible)
    {
        Tensor x = patches + (_positions?.narrow(1, Config.PositionPrefix, Config.PatchTokens) ?? _fixedPositions!.Table);
        x = visible is null ? x : PatchDropout.Take(x, visible);
        Tensor? classToken = _classToken, distillationToken = _distillationToken;
        if (Config.HasClassPosition && _positions is not null) // fixed, their positions are zero
        {
            classToken = classToken! + _positions.narrow(1, 0, 1);
            distillationToken = distillationToken is null ? null : distillationToken + _positions.narrow(1, 1, 1);
        }
        if (Config.PrefixTokens == 0)
        {
            return x;
        }
        long batch = patches.size(0);
        Tensor?[] tokens = [classToken?.expand(batch, -1, -1), distillationToken?.expand(batch, -1, -1), _registerTokens?.expand(batch, -1, -1), x];
        return cat([.. tokens.OfType<Tensor>()], 1);
    }

    private void ThrowIfNotOurs(Tensor images)
    {
        if (images.dim() != 4 || images.size(1) != Config.Channels || images.size(2) != Config.ImageSize.Height || images.size(3) != Config.ImageSize.Width)
        {
            throw new ArgumentException(
                $"Expected images of shape (B, {Config.Channels}, {Config.ImageSize.Height}, {Config.ImageSize.Width}); found ({string.Join(", ", images.shape)}).",
                nameof(images));
        }
    }
}
