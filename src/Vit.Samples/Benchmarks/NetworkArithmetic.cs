using Microsoft.ML.Vit;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Vit.Samples.Benchmarks;

/// <summary>What a network multiplies, and the shapes of what it learns.</summary>
internal static class NetworkArithmetic
{
    /// <summary>
    /// Floating-point operations of the forward pass for one image, two for each multiplication and addition: patch embedding or convolutional stem, queries, keys and values,
    /// attention, projection, MLP, head. Nothing else is counted: no normalisation, softmax or activation, and no optimizer.
    /// </summary>
    public static double ForwardFlops(VitConfig model)
    {
        double tokens = Tokens(model), patches = Patches(model), width = model.Width, hidden = model.Width * model.MlpRatio;
        double block = (2 * tokens * width * ((4 * width) + (2 * hidden))) + (4 * tokens * tokens * width);
        double stem = model.Stem == VitStem.Convolutions ? StemFlops(model) : 2 * patches * width * PatchValues(model);
        return stem + (model.Depth * block) + (2 * width * model.Classes);
    }

    /// <summary>Parameters of the shapes of a plain network's (class token, learned positions, biases), with gradients.</summary>
    public static nn.Module Parameters(VitConfig model)
    {
        long width = model.Width, hidden = (long)(model.Width * model.MlpRatio);
        long[][] block = [[width], [width], [3 * width, width], [3 * width], [width, width], [width], [width], [width], [hidden, width], [hidden], [width, hidden], [width]];
        long[][] rest = [[1, 1, width], [1, (long)Tokens(model), width], [width, (long)PatchValues(model)], [width], [width], [width], [model.Classes, width], [model.Classes]];
        var list = new ParameterList();
        foreach (long[] shape in rest.Concat(Enumerable.Repeat(block, model.Depth).SelectMany(shapes => shapes)))
        {
            var parameter = new Parameter(rand(shape));
            parameter.grad = rand(shape);
            list.Add(parameter);
        }
        return list;
    }

    private static double Patches(VitConfig model) =>
        (double)(model.ImageSize.Height / model.PatchSize.Height) * (model.ImageSize.Width / model.PatchSize.Width);

    private static double Tokens(VitConfig model) => Patches(model) + (model.HasClassToken ? 1 : 0);

    private static double PatchValues(VitConfig model) => (double)model.Channels * model.PatchSize.Height * model.PatchSize.Width;

    /// <summary>3x3 convolutions of stride 2 whose channels double up to the width.</summary>
    private static double StemFlops(VitConfig model)
    {
        int layers = (int)Math.Log2(model.PatchSize.Height);
        double flops = 0, inputs = model.Channels;
        for (int layer = 1; layer <= layers; layer++)
        {
            double outputs = model.Width >> (layers - layer), places = (double)(model.ImageSize.Height >> layer) * (model.ImageSize.Width >> layer);
            flops += 2 * places * 9 * inputs * outputs;
            inputs = outputs;
        }
        return flops;
    }
}
