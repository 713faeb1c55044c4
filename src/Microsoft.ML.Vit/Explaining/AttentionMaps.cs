using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Explaining;

/// <summary>What the attention of a network's blocks was for one image, and how the score of one class depends on it.</summary>
internal sealed class AttentionMaps : IDisposable
{
    private readonly VitConfig _config;
    private readonly List<Tensor> _attention = []; // of each block (1, H, T, T)
    private readonly Tensor[] _gradients;

    /// <summary>Runs the image through the network and back; the network's parameters keep the gradients they have.</summary>
    /// <param name="network">In evaluation mode.</param>
    /// <param name="image">Normalised (1, C, H, W).</param>
    /// <param name="classIndex">The class; null for the most probable one.</param>
    public AttentionMaps(VisionTransformer network, Tensor image, int? classIndex)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        _config = network.Config;
        // Learning or frozen, the parameters need no gradient here: the graph begins at the patches.
        Tensor patches = network.EmbedPatches(image).detach().requires_grad_();
        try
        {
            Tensor logits = network.ForwardPatches(patches, _attention);
            Probabilities = logits.detach().softmax(1).cpu().data<float>().ToArray();
            ClassIndex = classIndex ?? (int)logits.argmax(1).item<long>();
            _gradients = [.. autograd.grad([logits[0, ClassIndex]], _attention).Select(gradient => gradient.to(ScalarType.Float32).DetachFromDisposeScope())];
        }
        catch
        {
            _attention.ForEach(attention => attention.Dispose());
            throw;
        }
    }

    /// <summary>The class explained.</summary>
    public int ClassIndex { get; }

    /// <summary>The probability of every class.</summary>
    public float[] Probabilities { get; }

    /// <summary>
    /// Attention rollout (Abnar and Zuidema 2020, arXiv 2005.00928): the product over the blocks of their attention, averaged over the heads, with the residual branch as an identity, each row summing to 1.
    /// Whatever the class.
    /// </summary>
    /// <returns>One number for each patch.</returns>
    public float[] Rollout()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor rollout = Identity();
        foreach (Tensor attention in _attention)
        {
            Tensor mixed = attention[0].to(ScalarType.Float32).mean([0]) + Identity(); // of a network in bfloat16 it is that
            rollout = (mixed / mixed.sum(1, keepdim: true)).matmul(rollout);
        }
        return OfPatches(rollout);
    }

    /// <summary>
    /// The relevance of Chefer et al. 2021 (arXiv 2103.15679): each block adds its attention, weighted by the gradient of the class's logit and only where that is positive, averaged over the heads.
    /// </summary>
    /// <returns>One number for each patch, 0 or above.</returns>
    public float[] Relevance()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor relevance = Identity();
        foreach ((Tensor attention, Tensor gradient) in _attention.Zip(_gradients))
        {
            Tensor weighted = (attention * gradient)[0].clamp(min: 0).mean([0]);
            relevance = relevance + weighted.matmul(relevance);
        }
        return OfPatches(relevance);
    }

    /// <summary>Frees all.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in _attention.Concat(_gradients))
        {
            tensor.Dispose();
        }
    }

    private Tensor Identity() => eye(_attention[0].size(-1), device: _attention[0].device);

    /// <summary>What the tokens that the head reads have from each patch, the mean over these tokens.</summary>
    private float[] OfPatches(Tensor flow)
    {
        Tensor patches = flow.narrow(1, _config.PrefixTokens, _config.PatchTokens);
        Tensor Mean() => patches.narrow(0, _config.PrefixTokens, _config.PatchTokens).mean([0]);
        Tensor read = _config.Pooling switch
        {
            VitPooling.Mean or VitPooling.NormalizedMean => Mean(),
            VitPooling.ClassTokenAndMean => (patches[0] + Mean()) / 2,
            _ => _config.Distillation == VitDistillation.TokenAndHead ? (patches[0] + patches[1]) / 2 : patches[0],
        };
        return read.cpu().data<float>().ToArray();
    }
}
