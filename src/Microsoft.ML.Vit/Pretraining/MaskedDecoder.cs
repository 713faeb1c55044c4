using Microsoft.ML.Vit.Model;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using LayerNorm = Microsoft.ML.Vit.Model.LayerNorm;
using Linear = Microsoft.ML.Vit.Model.Linear;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Pretraining;

/// <summary>
/// The decoder of a masked autoencoder: the seen patches' tokens and, for each hidden patch, one learned token with the patch's position, through a few narrow blocks to the hidden patches' pixels.
/// Attention does not care about order, so that patches need not be put back in their places: their positions follow them.
/// </summary>
internal sealed class MaskedDecoder : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Far above what a decoder needs.</summary>
    public const int MaxWidth = 4096, MaxDepth = 64;

    private const int HeadSize = 32;

    private readonly int _prefix;

    /// <summary>The network's tokens come unnormalised where it pools their mean.</summary>
    [ComponentName(Name = "norm_in")]
    private readonly LayerNorm _normIn;

    [ComponentName(Name = "embed")]
    private readonly Linear _embed;

    [ComponentName(Name = "mask_token")]
    private readonly Parameter _maskToken; // (E)

    [ComponentName(Name = "positions")]
    private readonly Tensor _positions; // (N, E)

    [ComponentName(Name = "blocks")]
    private readonly ModuleList<Block> _blocks = new();

    [ComponentName(Name = "norm")]
    private readonly LayerNorm _norm;

    [ComponentName(Name = "pred")]
    private readonly Linear _prediction;

    /// <param name="encoder">The network whose tokens it reads.</param>
    /// <param name="options">Width and depth.</param>
    /// <param name="generator">Decides the first weights.</param>
    public MaskedDecoder(VitConfig encoder, MaskedAutoencoderPretraining options, Generator generator)
        : base(nameof(MaskedDecoder))
    {
        _prefix = encoder.PrefixTokens;
        Config = ConfigFor(encoder, options);
        int width = Config.Width;
        var source = new DropoutSource(); // never asked: nothing is dropped here
        _normIn = new LayerNorm(encoder.Width, encoder.NormEpsilon);
        _embed = new Linear(encoder.Width, width);
        _maskToken = Weights.Parameter(width);
        _positions = SinCosPositions.Table(encoder.Grid, width).DetachFromDisposeScope();
        for (int i = 0; i < Config.Depth; i++)
        {
            _blocks.Add(new Block(Config, i, source));
        }
        _norm = new LayerNorm(width, encoder.NormEpsilon);
        _prediction = new Linear(width, PixelPatches.Values(encoder));
        RegisterComponents();
        Initialize(generator);
    }

    /// <summary>Sizes of its blocks.</summary>
    public VitConfig Config { get; }

    /// <summary>The decoder's sizes for a network.</summary>
    public static VitConfig ConfigFor(VitConfig encoder, MaskedAutoencoderPretraining options)
    {
        int width = options.DecoderWidth ?? (encoder.Width / 2 + HeadSize - 1) / HeadSize * HeadSize;
        return new VitConfig
        {
            ImageSize = encoder.ImageSize,
            PatchSize = encoder.PatchSize,
            Width = width,
            Depth = options.DecoderDepth,
            Heads = width % HeadSize == 0 ? width / HeadSize : 1,
            NormEpsilon = encoder.NormEpsilon,
        };
    }

    /// <summary>What the blocks compute in.</summary>
    public void SetComputeType(ScalarType type)
    {
        foreach (Block block in _blocks)
        {
            block.ComputeType = type;
        }
    }

    /// <summary>The pixels (B, N - K, C x P x P) of the hidden patches.</summary>
    /// <param name="tokens">The network's (B, prefix + K, D), of the first K patches of the order.</param>
    /// <param name="order">All patches (B, N), those that were seen first.</param>
    public override Tensor forward(Tensor tokens, Tensor order)
    {
        using var scope = NewDisposeScope();
        long batch = order.size(0), patches = order.size(1), width = Config.Width;
        long visible = tokens.size(1) - _prefix, hidden = patches - visible;
        Tensor x = _embed.call(_normIn.call(tokens)); // (B, prefix + K, E)
        Tensor[] parts = [x.narrow(1, _prefix, visible), _maskToken.expand(batch, hidden, width)];
        Tensor all = cat(parts, 1) + _positions.index_select(0, order.flatten()).view(batch, patches, width);
        x = _prefix == 0 ? all : cat([x.narrow(1, 0, _prefix), all], 1); // (B, prefix + N, E)
        foreach (Block block in _blocks)
        {
            x = block.call(x);
        }
        x = _prediction.call(_norm.call(x.narrow(1, _prefix + visible, hidden)));
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>As in the paper's implementation: matrices uniform with variance 2 / (in + out) (Glorot and Bengio 2010), the mask token normal with deviation 0.02.</summary>
    private void Initialize(Generator generator)
    {
        using var noGradients = no_grad();
        foreach ((string name, Parameter parameter) in named_parameters())
        {
            if (parameter.dim() == 2)
            {
                double bound = Math.Sqrt(6.0 / (parameter.size(0) + parameter.size(1)));
                parameter.uniform_(-bound, bound, generator);
            }
            else
            {
                parameter.fill_(name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0); // norms, biases
            }
        }
        _maskToken.normal_(0, 0.02, generator);
    }
}
