using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// The same weights in ONNX Runtime as fast as it gets: all optimisations, a thread for every core, input and output bound to memory once, so that neither is copied. It starts from normalised pixels;
/// what turns images into them is not counted against it.
/// </summary>
internal sealed class OnnxPeer : IDisposable
{
    private readonly InferenceSession session;
    private readonly RunOptions options = new();
    private readonly VitConfig model;

    /// <param name="transformer">The weights.</param>
    /// <param name="int8">Whether it multiplies in int8, else in float32.</param>
    public OnnxPeer(VitTransformer transformer, bool int8 = false)
    {
        model = transformer.Model;
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}.onnx");
        try
        {
            transformer.SaveAsOnnx(path);
            if (int8)
            {
                DynamicInt8.Convert(path, path);
            }
            using var settings = new SessionOptions
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
                ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
                IntraOpNumThreads = Environment.ProcessorCount,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
            session = new InferenceSession(path, settings);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Scores a batch of noise each time it is called.</summary>
    public BoundBatch Bind(int batch) => new(this, batch);

    public void Dispose()
    {
        options.Dispose();
        session.Dispose();
    }

    /// <summary>A batch's input and output in memory that ONNX Runtime keeps to.</summary>
    internal sealed class BoundBatch : IDisposable
    {
        private readonly OnnxPeer peer;
        private readonly OrtValue input;
        private readonly OrtValue output;
        private readonly OrtIoBinding binding;

        public BoundBatch(OnnxPeer peer, int batch)
        {
            this.peer = peer;
            var random = new Random(1);
            float[] pixels = new float[batch * peer.model.Channels * peer.model.ImageSize.Height * peer.model.ImageSize.Width];
            for (int i = 0; i < pixels.Length; i++)
            {
                pixels[i] = (2 * random.NextSingle()) - 1;
            }
            input = OrtValue.CreateTensorValueFromMemory(pixels, [batch, peer.model.Channels, peer.model.ImageSize.Height, peer.model.ImageSize.Width]);
            output = OrtValue.CreateTensorValueFromMemory(new float[batch * peer.model.Classes], [batch, peer.model.Classes]);
            binding = peer.session.CreateIoBinding();
            binding.BindInput(peer.session.InputNames[0], input);
            binding.BindOutput(peer.session.OutputNames[0], output);
        }

        public void Run() => peer.session.RunWithBinding(peer.options, binding);

        public void Dispose()
        {
            binding.Dispose();
            output.Dispose();
            input.Dispose();
        }
    }
}
