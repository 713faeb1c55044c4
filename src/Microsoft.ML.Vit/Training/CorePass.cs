using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// One thread's forward and backward pass where <see cref="LearningBlocks"/> compute the blocks: libtorch's autograd is asked for the classifier's gradients and that of the tokens which it reads, the blocks
/// pass it back, and autograd goes on from there through the embedding.
/// </summary>
internal sealed class CorePass : IDisposable
{
    private readonly VisionTransformer _network;
    private readonly (string Name, Parameter Value)[] _parameters;
    private readonly int[] _embedding; // places of the embedding's parameters
    private readonly int[] _inBlocks;
    private readonly int[] _classifier;
    private readonly bool _fromPatches;
    private readonly LearningBlocks _blocks;

    /// <param name="network">One that <see cref="LearningBlocks.CanTrain"/>.</param>
    /// <param name="parameters">Those whose gradients are wanted.</param>
    /// <param name="fromPatches">Whether the input is patches (B, N, D), already embedded, or images.</param>
    /// <param name="inputLearns">Whether the input's gradient is wanted.</param>
    public CorePass(VisionTransformer network, IReadOnlyList<(string Name, Parameter Value)> parameters, bool fromPatches, bool inputLearns)
    {
        _network = network;
        _parameters = [.. parameters];
        ILookup<NetworkPart, int> parts = Enumerable.Range(0, parameters.Count).ToLookup(i => PartOf(parameters[i].Name));
        (_embedding, _inBlocks, _classifier) = ([.. parts[NetworkPart.Embedding]], [.. parts[NetworkPart.Blocks]], [.. parts[NetworkPart.Classifier]]);
        _fromPatches = fromPatches;
        _blocks = new LearningBlocks(network, parameters.Select(p => p.Name), inputLearns || _embedding.Length > 0);
    }

    /// <summary>
    /// The logits (B, C), the loss, and the gradient of every parameter and, last, of the input where it requires one. They belong to the caller's dispose scope, but for the blocks' gradients where there are
    /// <paramref name="sums"/>: those are the sums' own tensors, to which they have been added.
    /// </summary>
    /// <param name="input">Patches or images.</param>
    /// <param name="lossOf">The loss of logits.</param>
    /// <param name="sums">The gradients of the thread's earlier parts of the batch; none for its first.</param>
    public (Tensor Logits, Tensor Loss, IList<Tensor> Gradients) Run(Tensor input, Func<Tensor, Tensor> lossOf, IReadOnlyList<Tensor> sums)
    {
        using var scope = NewDisposeScope();
        bool adds = sums.Count > 0;
        var gradients = new Tensor[_parameters.Length];
        foreach (int i in _inBlocks)
        {
            gradients[i] = adds ? sums[i] : empty_like(_parameters[i].Value).requires_grad_(false);
        }
        if (!adds)
        {
            _blocks.Begin(_inBlocks.ToDictionary(i => _parameters[i].Name, i => gradients[i]));
        }
        Tensor tokens = _network.EmbedTokens(_fromPatches ? input : _network.EmbedPatches(input));
        Tensor encoded = _blocks.Forward(tokens).requires_grad_(_blocks.Learns);
        Tensor logits = _network.Classify(encoded), loss = lossOf(logits);
        IList<Tensor> found = autograd.grad([loss], [.. _classifier.Select(i => _parameters[i].Value), .. _blocks.Learns ? (Tensor[])[encoded] : []]);
        Take(found, _classifier, gradients);
        Tensor? inputGradient = null;
        if (_blocks.Learns && _blocks.Backward(found[^1], adds) is { } upstream)
        {
            found = autograd.grad([tokens], [.. _embedding.Select(i => _parameters[i].Value), .. input.requires_grad ? (Tensor[])[input] : []], [upstream]);
            Take(found, _embedding, gradients);
            inputGradient = input.requires_grad ? found[^1] : null;
        }
        Tensor[] all = inputGradient is null ? gradients : [.. gradients, inputGradient];
        return (logits.MoveToOuterDisposeScope(), loss.MoveToOuterDisposeScope(), [.. all.Select(gradient => gradient.MoveToOuterDisposeScope())]);
    }

    /// <summary>Frees the blocks' memory.</summary>
    public void Dispose() => _blocks.Dispose();

    private static void Take(IList<Tensor> found, int[] places, Tensor[] gradients)
    {
        for (int i = 0; i < places.Length; i++)
        {
            gradients[places[i]] = found[i];
        }
    }

    private static NetworkPart PartOf(string name) => name.Split('.')[0] switch
    {
        "blocks" => NetworkPart.Blocks,
        "patch_embed" or "cls_token" or "dist_token" or "reg_token" or "pos_embed" => NetworkPart.Embedding,
        _ => NetworkPart.Classifier,
    };

    private enum NetworkPart
    {
        Embedding,
        Blocks,
        Classifier,
    }
}
