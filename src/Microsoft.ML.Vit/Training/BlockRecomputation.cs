using System.Globalization;
using Microsoft.ML.Vit.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Gradients with little memory (Chen et al. 2016, arXiv 1604.06174): the forward pass keeps only what goes into each block, and the backward pass computes each block
/// once more, dropping the same units. Backward keeps the activations of one block at a time, for about a third more arithmetic.
/// </summary>
internal sealed class BlockRecomputation
{
    private readonly Func<Tensor, Tensor>[] _stages; // embedding, blocks, classifier
    private readonly ILookup<int, int> _learning; // of each stage, which parameters
    private readonly Tensor[] _parameters;

    /// <param name="network">In training mode or not.</param>
    /// <param name="parameters">Those whose gradients are wanted.</param>
    /// <param name="fromPatches">Whether the input is patches (B, N, D), already embedded, or images.</param>
    public BlockRecomputation(VisionTransformer network, IReadOnlyList<(string Name, Parameter Value)> parameters, bool fromPatches)
    {
        Func<Tensor, Tensor> embed = fromPatches ? network.EmbedTokens : images => Embed(network, images);
        _stages = [embed, .. network.Blocks.Select(block => (Func<Tensor, Tensor>)block.call), network.Classify];
        _parameters = [.. parameters.Select(p => p.Value)];
        _learning = Enumerable.Range(0, parameters.Count).ToLookup(i => StageOf(parameters[i].Name, network));
    }

    /// <summary>The logits (B, C), the loss, and the gradient of every parameter and, last, of the input where it requires one. They belong to the caller's dispose scope.</summary>
    /// <param name="input">Patches or images.</param>
    /// <param name="lossOf">The loss of logits.</param>
    /// <param name="generator">What the calling thread's dropout draws from.</param>
    public (Tensor Logits, Tensor Loss, IList<Tensor> Gradients) Run(Tensor input, Func<Tensor, Tensor> lossOf, Generator generator)
    {
        using var scope = NewDisposeScope();
        int last = _stages.Length - 1;
        var inputs = new Tensor[_stages.Length];
        var states = new Tensor[last];
        inputs[0] = input.detach();
        using (no_grad())
        {
            for (int stage = 0; stage < last; stage++)
            {
                states[stage] = generator.get_state();
                inputs[stage + 1] = _stages[stage](inputs[stage]);
            }
        }

        int first = input.requires_grad ? 0 : _learning.Min(stage => stage.Key);
        var gradients = new Tensor[_parameters.Length];
        Tensor? logits = null, loss = null, upstream = null;
        for (int stage = last; stage >= first; stage--)
        {
            using var stageScope = NewDisposeScope();
            Tensor x = inputs[stage].requires_grad_(stage > first || input.requires_grad);
            Tensor output;
            if (stage == last)
            {
                logits = _stages[stage](x);
                output = lossOf(logits);
                loss = output.detach().MoveToOuterDisposeScope();
                logits = logits.detach().MoveToOuterDisposeScope();
            }
            else
            {
                generator.set_state(states[stage]);
                output = _stages[stage](x);
            }
            int[] learning = [.. _learning[stage]];
            Tensor[] wanted = [.. learning.Select(i => _parameters[i])];
            IList<Tensor> found = autograd.grad([output], x.requires_grad ? [.. wanted, x] : wanted, upstream is null ? null : [upstream]);
            for (int i = 0; i < learning.Length; i++)
            {
                gradients[learning[i]] = found[i].MoveToOuterDisposeScope();
            }
            upstream?.Dispose();
            upstream = x.requires_grad ? found[^1].MoveToOuterDisposeScope() : null;
        }
        Tensor[] all = upstream is null ? gradients : [.. gradients, upstream];
        return (logits!.MoveToOuterDisposeScope(), loss!.MoveToOuterDisposeScope(), [.. all.Select(g => g.MoveToOuterDisposeScope())]);
    }

    private static Tensor Embed(VisionTransformer network, Tensor images)
    {
        using Tensor patches = network.EmbedPatches(images);
        return network.EmbedTokens(patches);
    }

    private static int StageOf(string name, VisionTransformer network) => name.Split('.') switch
    {
        ["blocks", string index, ..] => 1 + int.Parse(index, CultureInfo.InvariantCulture),
        ["patch_embed" or "cls_token" or "dist_token" or "reg_token" or "pos_embed", ..] => 0,
        _ => 1 + network.Blocks.Count,
    };
}
