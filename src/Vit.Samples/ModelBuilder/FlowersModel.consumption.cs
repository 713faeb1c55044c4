using Microsoft.ML;
using Microsoft.ML.Data;

namespace Vit.Samples.ModelBuilder;

public partial class FlowersModel
{
    /// <summary>What the model reads.</summary>
    public class ModelInput
    {
        /// <summary>The class, empty when it is what one wants to know.</summary>
        [LoadColumn(0)]
        [ColumnName("Label")]
        public string Label { get; set; } = "";

        /// <summary>The bytes of an image file.</summary>
        [LoadColumn(1)]
        [ColumnName("ImageSource")]
        public byte[] ImageSource { get; set; } = [];
    }

    /// <summary>What the model answers.</summary>
    public class ModelOutput
    {
        /// <summary>The key of the input's label, 0 when it has none.</summary>
        [ColumnName("Label")]
        public uint Label { get; set; }

        /// <summary>The input's bytes.</summary>
        [ColumnName("ImageSource")]
        public byte[] ImageSource { get; set; } = [];

        /// <summary>The most probable class.</summary>
        [ColumnName("PredictedLabel")]
        public string PredictedLabel { get; set; } = "";

        /// <summary>A probability for every class.</summary>
        [ColumnName("Score")]
        public float[] Score { get; set; } = [];
    }

    /// <summary>The model file that predictions use; set it before the first.</summary>
    public static string MLNetModelPath { get; set; } = Path.GetFullPath("FlowersModel.mlnet");

    /// <summary>Opened at the first prediction. An engine is for one thread at a time.</summary>
    public static readonly Lazy<PredictionEngine<ModelInput, ModelOutput>> PredictEngine = new(CreatePredictEngine, isThreadSafe: true);

    /// <summary>The most probable class of one image, and the scores.</summary>
    public static ModelOutput Predict(ModelInput input) => PredictEngine.Value.Predict(input);

    /// <summary>All classes of one image with their scores, best first.</summary>
    public static IOrderedEnumerable<KeyValuePair<string, float>> PredictAllLabels(ModelInput input) => GetSortedScoresWithLabels(Predict(input));

    /// <summary>Puts the names of the classes to the scores of a prediction, best first.</summary>
    public static IOrderedEnumerable<KeyValuePair<string, float>> GetSortedScoresWithLabels(ModelOutput result) =>
        GetLabels(result).Zip(result.Score, KeyValuePair.Create).OrderByDescending(pair => pair.Value);

    /// <summary>The names of the classes in the order of the scores, from the slot names of the Score column.</summary>
    private static IEnumerable<string> GetLabels(ModelOutput result)
    {
        DataViewSchema.Column column = PredictEngine.Value.OutputSchema.GetColumnOrNull("Score")
            ?? throw new InvalidOperationException("The model has no column 'Score'.");
        VBuffer<ReadOnlyMemory<char>> names = default;
        column.GetSlotNames(ref names);
        return names.DenseValues().Take(result.Score.Length).Select(name => name.ToString());
    }

    private static PredictionEngine<ModelInput, ModelOutput> CreatePredictEngine()
    {
        var mlContext = new MLContext();
        ITransformer mlModel = mlContext.Model.Load(MLNetModelPath, out _);
        return mlContext.Model.CreatePredictionEngine<ModelInput, ModelOutput>(mlModel);
    }
}
