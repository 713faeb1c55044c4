using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Pretraining;

/// <summary>
/// The network with a decoder: its loss is the squared error of the hidden patches' pixels, and the network reads the seen patches alone, a quarter of the tokens and of the time.
/// A convolutional stem looks across the edges of patches, by all but one of a 4-pixel patch's columns; so that nothing of a hidden patch reaches its neighbours, hidden pixels are zero before it.
/// </summary>
internal sealed class MaskedAutoencoder : IDisposable
{
    private readonly VisionTransformer _network;
    private readonly MaskedDecoder _decoder;
    private readonly PixelPatches _pixels;
    private readonly ForwardBackward _gradients;
    private readonly int _visible;

    /// <param name="network">On its device.</param>
    /// <param name="options">Mask ratio and the decoder's sizes.</param>
    /// <param name="device">The network's.</param>
    /// <param name="decoderSeed">Decides the decoder's first weights.</param>
    /// <param name="cancellationToken">Looked at within a step.</param>
    public MaskedAutoencoder(VisionTransformer network, MaskedAutoencoderPretraining options, Device device, long decoderSeed, CancellationToken cancellationToken)
    {
        VitConfig config = network.Config;
        _network = network;
        _pixels = new PixelPatches(config);
        _visible = PatchOrder.Visible(config.PatchTokens, options.MaskRatio);
        using var generator = new Generator(unchecked((ulong)decoderSeed));
        _decoder = new MaskedDecoder(config, options, generator);
        _decoder.to(device);
        _decoder.SetComputeType(network.ComputeType);
        Parameters =
        [
            .. network.named_parameters().Where(p => p.parameter.requires_grad && IsBeforePooling(p.name)),
            .. _decoder.named_parameters().Select(p => ($"decoder.{p.name}", p.parameter)),
        ];
        int microBatch = Math.Min(
            MicroBatches.Size(config.PrefixTokens + _visible, config.MlpHiddenSize),
            MicroBatches.Size(config.Tokens, _decoder.Config.MlpHiddenSize));
        _gradients = new ForwardBackward(network, Parameters, lossSum: null, device, cancellationToken, recompute: false, device.type == DeviceType.CPU ? microBatch : null);
    }

    /// <summary>What learns: the network's parameters before pooling, as far as they are not frozen, and the decoder's.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Parameters { get; }

    /// <summary>Adds the gradients of a batch's mean loss to those that the parameters have.</summary>
    /// <param name="images">Normalised images (B, C, H, W).</param>
    /// <param name="order">The patches of each in random order (B, N), on the network's device; the first are seen.</param>
    /// <param name="seed">Decides what dropout drops.</param>
    /// <returns>The mean loss, a scalar that belongs to the caller's dispose scope.</returns>
    public Tensor Run(Tensor images, Tensor order, long seed)
    {
        using var scope = NewDisposeScope();
        Tensor visible = order.narrow(1, 0, _visible);
        Tensor targets = _pixels.Targets(images, order.narrow(1, _visible, order.size(1) - _visible)); // (B, M, P)
        Tensor input = _network.Config.Stem == VitStem.Convolutions ? _pixels.Hide(images, visible) : images;
        (_, Tensor loss) = _gradients.Run(input, (patches, start) => Forward(patches, start, order, targets), seed);
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Frees the decoder and ends the threads.</summary>
    public void Dispose()
    {
        _gradients.Dispose();
        _decoder.Dispose();
    }

    /// <summary>The losses (b) of a part of the batch, and their sum.</summary>
    private (Tensor Losses, Tensor Sum) Forward(Tensor patches, int start, Tensor order, Tensor targets)
    {
        order = order.narrow(0, start, patches.size(0));
        Tensor tokens = _network.EncodeVisible(patches, order.narrow(1, 0, _visible));
        Tensor painted = _decoder.call(tokens, order);
        Tensor losses = (painted - targets.narrow(0, start, patches.size(0))).square().mean([1, 2]);
        return (losses, losses.sum());
    }

    private static bool IsBeforePooling(string name) =>
        !name.StartsWith("fc_norm.", StringComparison.Ordinal) && !name.StartsWith("pre_logits.", StringComparison.Ordinal) && !name.StartsWith("head", StringComparison.Ordinal);
}
