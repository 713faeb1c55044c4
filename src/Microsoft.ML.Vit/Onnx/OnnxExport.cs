using Microsoft.ML.Vit.Model;
using static Microsoft.ML.Vit.Onnx.TensorProto.Types;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Onnx;

/// <summary>Writes a network as an ONNX file.</summary>
internal static class OnnxExport
{
    /// <summary>Writes the file. The network computes as in evaluation, whatever it is in.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">The weights and their architecture.</param>
    /// <param name="preprocessing">How an image becomes the network's input.</param>
    /// <param name="classNames">Names of the classes in the order of the output; null for none.</param>
    /// <param name="options">What is written.</param>
    /// <param name="mostInlineBytes">The most bytes of weights that the file itself holds.</param>
    public static void Save(
        string path, VisionTransformer network, Preprocessing preprocessing, IReadOnlyList<string>? classNames, OnnxOptions options, long mostInlineBytes = OnnxFile.MostInlineBytes)
    {
        if (options.Problems().ToArray() is { Length: > 0 } problems)
        {
            throw new ArgumentException(string.Join(" ", problems), nameof(options));
        }
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var graph = new OnnxGraph(options.Opset);
        GraphValue output = Output(graph, network, Images(graph, preprocessing, options), options.Softmax);
        var model = new ModelProto
        {
            IrVersion = IrVersion(options.Opset),
            ProducerName = "Microsoft.ML.Vit",
            ProducerVersion = typeof(OnnxExport).Assembly.GetName().Version!.ToString(3),
            Graph = graph.Finish(output),
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = options.Opset });
        model.MetadataProps.AddRange(OnnxMetadata.Entries(preprocessing, classNames));
        OnnxFile.Write(path, model, graph.Weights, mostInlineBytes);
    }

    private static GraphValue Images(OnnxGraph graph, Preprocessing preprocessing, OnnxOptions options)
    {
        const string Name = "pixel_values";
        return options.IncludePreprocessing
            ? new PreprocessingNodes(graph, preprocessing).Add(Name)
            : graph.AddInput(Name, DataType.Float, NetworkNodes.Batch, preprocessing.Channels, preprocessing.Size.Height, preprocessing.Size.Width);
    }

    private static GraphValue Output(OnnxGraph graph, VisionTransformer network, GraphValue images, bool softmax)
    {
        var nodes = new NetworkNodes(graph, network);
        if (network.Config.Classes == 0)
        {
            return nodes.Add(images, "embedding");
        }
        GraphValue logits = nodes.Add(images, "logits");
        return softmax ? graph.Add("probabilities", "Softmax", [logits], logits.Shape, OnnxGraph.Attribute("axis", -1)) : logits;
    }

    /// <summary>The format's version that brought a version of the operators.</summary>
    private static int IrVersion(int opset) => opset switch
    {
        <= 18 => 8,
        <= 20 => 9,
        _ => 10,
    };
}
