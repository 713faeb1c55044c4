using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Quantization;
using TorchSharp;

namespace Microsoft.ML.Vit;

// From float32 to bytes.
public sealed partial class VitTransformer
{
    /// <summary>What quantisation cost, for a model that <see cref="Quantize"/> made; null for one in float32.</summary>
    public QuantizationFigures? Quantization => _description.Quantization;

    /// <summary>
    /// A copy of this model that computes the blocks' products in bytes, on the CPU: several times as fast where the processor has VNNI or AMX, and saved at a quarter of the size. Weights get a scale for each
    /// output, activations one that is measured on the calibration rows and fixed; embedding, normalisation, softmax and head stay float32. This model stays as it is, and both are the caller's to dispose.
    /// </summary>
    /// <param name="calibration">
    /// Rows with the image column, some hundred like those that are to be scored, and if possible a label column, a key with this model's classes. They are read twice.
    /// </param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range, or a column is missing or of a wrong type, or the label has other classes.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, or this model is quantised already.</exception>
    /// <exception cref="QuantizationRefusedException">Accuracy on the rows dropped by more than is allowed; it holds the figures.</exception>
    /// <exception cref="PlatformNotSupportedException">The processor or libtorch has no such products.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public VitTransformer Quantize(IDataView calibration, QuantizationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        options ??= new QuantizationOptions();
        options.Check();
        if (Quantization is not null)
        {
            throw new InvalidOperationException("The model is quantised already; quantise the float32 model that it came from.");
        }
        using IChannel channel = _host.Start("Quantize Vision Transformer");
        LabeledRows rows = CalibrationRows(calibration, options);
        QuantizedNetwork.ThrowIfNotSupported();
        VisionTransformer? network = null;
        _scorer.Model.Use(original => network = original.Copy(torch.ScalarType.Float32));
        try
        {
            network!.to(torch.CPU);
            network!.eval();
            using var normalizer = new InputNormalizer(Preprocessing, torch.CPU);
            QuantizationFigures figures = new CalibrationRun(rows, normalizer, _description.ScoringBatchSize).Quantize(network!, options.CalibrationImages);
            if (figures.Drop > options.AllowedAccuracyDrop)
            {
                throw new QuantizationRefusedException(figures, options.AllowedAccuracyDrop);
            }
            channel.Info($"Quantised to int8: {figures.Text}.");
            return new VitTransformer(_host, _description with { Quantization = figures, Precision = VitPrecision.Float32 }, network!, torch.CPU);
        }
        catch
        {
            network!.Dispose();
            throw;
        }
    }

    private LabeledRows CalibrationRows(IDataView calibration, QuantizationOptions options)
    {
        DataViewSchema.Column feature = FeatureColumn.Find(_host, calibration.Schema, FeatureColumnName, Preprocessing);
        string name = options.LabelColumnName ?? DefaultColumnNames.Label;
        if (options.LabelColumnName is null && calibration.Schema.GetColumnOrNull(name) is null)
        {
            return new LabeledRows(calibration, null, feature, Preprocessing, "calibration");
        }
        var columns = TrainingColumns.Of(_host, calibration.Schema, name, FeatureColumnName);
        if (!columns.Labels.Names.SequenceEqual(ClassNames))
        {
            throw new ArgumentOutOfRangeException(
                nameof(calibration),
                $"The calibration data's label column '{name}' has the keys {string.Join(", ", columns.Labels.Names.Take(10))}; expected the model's classes in their order: {string.Join(", ", ClassNames.Take(10))}.");
        }
        return columns.Rows(calibration, Preprocessing, "calibration");
    }
}
