using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>Quantises a network on rows of images and compares what it then predicts with before.</summary>
/// <param name="rows">The images, and labels where there are any.</param>
/// <param name="normalizer">Pixels to the network's input; on the CPU.</param>
/// <param name="batchSize">Images per forward pass.</param>
internal sealed class CalibrationRun(LabeledRows rows, InputNormalizer normalizer, int batchSize)
{
    /// <summary>Changes the network, which is in float32, on the CPU and in evaluation mode.</summary>
    /// <param name="network">The network.</param>
    /// <param name="images">The most rows that activations are measured on.</param>
    /// <exception cref="InvalidOperationException">There are no rows, or an image cannot be read.</exception>
    public QuantizationFigures Quantize(VisionTransformer network, int images)
    {
        QuantizedNetwork.Observe(network);
        List<(int Label, int Predicted)> before = Predict(network, Observing(network, images));
        QuantizedNetwork.Quantize(network);
        List<(int Label, int Predicted)> after = Predict(network, beforeBatch: _ => { });
        bool labeled = rows.Label is not null && before.Any(image => image.Label >= 0);
        (int Truth, int Before, int After)[] compared =
        [
            .. before.Zip(after, (first, second) => (Truth: labeled ? first.Label : first.Predicted, Before: first.Predicted, After: second.Predicted)).Where(image => image.Truth >= 0),
        ];
        return new QuantizationFigures
        {
            Images = compared.Length,
            Labeled = labeled,
            Accuracy = compared.Average(image => image.Before == image.Truth ? 1.0 : 0),
            QuantizedAccuracy = compared.Average(image => image.After == image.Truth ? 1.0 : 0),
        };
    }

    /// <summary>Lets the network observe as many images, in batches spread evenly over all rows where their number is known.</summary>
    private Action<int> Observing(VisionTransformer network, int images)
    {
        int each = rows.Data.GetRowCount() is { } count ? (int)Math.Max(1, count / images) : 1;
        int batches = 0, observed = 0;
        return size =>
        {
            bool observes = batches++ % each == 0 && observed < images;
            observed += observes ? size : 0;
            QuantizedNetwork.SetObserving(network, observes);
        };
    }

    /// <summary>Each row's label, from 0 or -1, and predicted class.</summary>
    private List<(int Label, int Predicted)> Predict(VisionTransformer network, Action<int> beforeBatch)
    {
        var found = new List<(int Label, int Predicted)>();
        using LabeledRowCursor cursor = rows.Open();
        using RowImages images = cursor.Images(rows.Shape.Bytes, batchSize);
        var labels = new List<int>(batchSize);
        bool more = true;
        while (more)
        {
            images.Clear();
            labels.Clear();
            while (!images.IsFull && (more = cursor.MoveNext()))
            {
                images.Add();
                labels.Add(cursor.Label);
            }
            images.DecodeAll();
            if (labels.Count > 0)
            {
                beforeBatch(labels.Count);
                found.AddRange(labels.Zip(Predict(network, images)));
            }
        }
        return found.Count > 0 ? found : throw new InvalidOperationException("The calibration data has no rows.");
    }

    private int[] Predict(VisionTransformer network, RowImages images)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        Tensor pixels = rows.Shape.NewBatch(images.Count);
        images.Pixels.AsSpan(0, images.Count * rows.Shape.Bytes).CopyTo(pixels.bytes);
        Tensor classes = network.forward(normalizer.Apply(pixels)).argmax(1);
        return [.. classes.data<long>().Select(index => (int)index)];
    }
}
