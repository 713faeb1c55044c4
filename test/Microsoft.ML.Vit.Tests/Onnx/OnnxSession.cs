using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.Vit.Onnx;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Onnx;

/// <summary>A model in ONNX Runtime, on one thread.</summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly InferenceSession _session;

    public OnnxSession(string path) => _session = new InferenceSession(path, Options(GraphOptimizationLevel.ORT_ENABLE_ALL));

    /// <summary>The model with every value that is computed on the way as an output, and nothing optimised.</summary>
    public OnnxSession(ModelProto model)
    {
        ModelProto open = model.Clone();
        open.Graph.Output.AddRange(open.Graph.ValueInfo);
        open.Graph.ValueInfo.Clear();
        _session = new InferenceSession(open.ToByteArray(), Options(GraphOptimizationLevel.ORT_DISABLE_ALL));
    }

    public ModelMetadata Metadata => _session.ModelMetadata;

    public NodeMetadata Input => _session.InputMetadata.Single().Value;

    public string InputName => _session.InputMetadata.Single().Key;

    public IReadOnlyList<string> OutputNames => _session.OutputNames;

    /// <summary>The first output as a tensor of the caller's dispose scope.</summary>
    public Tensor Run<T>(T[] values, params long[] shape)
        where T : unmanaged
    {
        using var options = new RunOptions();
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(values, shape);
        using var outputs = _session.Run(options, [InputName], [input], [_session.OutputNames[0]]);
        return tensor(outputs[0].GetTensorDataAsSpan<float>().ToArray(), outputs[0].GetTensorTypeAndShape().Shape);
    }

    public Tensor Run(Tensor images) => Run(images.contiguous().data<float>().ToArray(), images.shape);

    /// <summary>Every output that is of floats as a tensor of the caller's dispose scope, and the shape of every output.</summary>
    public (IReadOnlyDictionary<string, Tensor> Floats, IReadOnlyDictionary<string, long[]> Shapes) RunAll<T>(T[] values, params long[] shape)
        where T : unmanaged
    {
        using var options = new RunOptions();
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(values, shape);
        using var outputs = _session.Run(options, [InputName], [input], _session.OutputNames);
        var floats = new Dictionary<string, Tensor>();
        var shapes = new Dictionary<string, long[]>();
        foreach ((string name, OrtValue value) in _session.OutputNames.Zip(outputs))
        {
            OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
            shapes.Add(name, info.Shape);
            if (info.ElementDataType == OnnxRuntime.Tensors.TensorElementType.Float)
            {
                floats.Add(name, tensor(value.GetTensorDataAsSpan<float>().ToArray(), info.Shape));
            }
        }
        return (floats, shapes);
    }

    public void Dispose() => _session.Dispose();

    private static SessionOptions Options(GraphOptimizationLevel level) =>
        new() { IntraOpNumThreads = 1, InterOpNumThreads = 1, GraphOptimizationLevel = level, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
}
