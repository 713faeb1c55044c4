using Microsoft.ML;
using Microsoft.ML.Data;

namespace Vit.Samples.ModelBuilder;

public partial class FlowersModel
{
    /// <summary>Measures a model on images with known labels, which should not be those it was trained on.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="data">What <see cref="LoadImageFromFolder"/> gives.</param>
    /// <param name="model">What <see cref="RetrainModel"/> gives, or a model loaded from a file.</param>
    /// <param name="labelColumnName">The column of known labels.</param>
    public static MulticlassClassificationMetrics Evaluate(MLContext mlContext, IDataView data, ITransformer model, string labelColumnName = "Label") =>
        mlContext.MulticlassClassification.Evaluate(model.Transform(data), labelColumnName);
}
