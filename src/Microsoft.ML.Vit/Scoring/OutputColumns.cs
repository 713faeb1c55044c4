using Microsoft.ML.Data;
using Microsoft.ML.Vit.Batching;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>The two columns that a trained model adds, with the annotations that ML.NET's evaluators and key transforms read.</summary>
/// <param name="PredictedLabel">Name of the most probable class's column, a key.</param>
/// <param name="Score">Name of the probabilities' column, a vector.</param>
/// <param name="Labels">What the classes are called.</param>
internal sealed record OutputColumns(string PredictedLabel, string Score, LabelValues Labels)
{
    /// <summary>Place of the predicted label among the added columns.</summary>
    public const int PredictedLabelIndex = 0;

    /// <summary>Place of the scores among the added columns.</summary>
    public const int ScoreIndex = 1;

    /// <summary>The columns as they are added to rows of this schema.</summary>
    public DataViewSchema.DetachedColumn[] For(DataViewSchema input)
    {
        uint set = checked(input.GetMaxAnnotationKind(out _, AnnotationUtils.Kinds.ScoreColumnSetId) + 1);

        var label = new DataViewSchema.Annotations.Builder();
        Labels.AddTo(label, AnnotationUtils.Kinds.KeyValues);
        AddTrainerOutput(label, set, AnnotationUtils.Const.ScoreValueKind.PredictedLabel);

        var score = new DataViewSchema.Annotations.Builder();
        ReadOnlyMemory<char>[] names = [.. Labels.Names.Select(name => name.AsMemory())];
        score.AddSlotNames(names.Length, (ref VBuffer<ReadOnlyMemory<char>> target) => new VBuffer<ReadOnlyMemory<char>>(names.Length, names).CopyTo(ref target));
        Labels.AddTo(score, AnnotationUtils.Kinds.TrainingLabelValues);
        AddTrainerOutput(score, set, AnnotationUtils.Const.ScoreValueKind.Score);

        return
        [
            new(PredictedLabel, new KeyDataViewType(typeof(uint), Labels.Count), label.ToAnnotations()),
            new(Score, new VectorDataViewType(NumberDataViewType.Single, Labels.Count), score.ToAnnotations()),
        ];
    }

    /// <summary>The same columns as far as they are known before anything is trained.</summary>
    /// <param name="predictedLabel">Name of the predicted label's column.</param>
    /// <param name="score">Name of the scores' column.</param>
    /// <param name="label">The label column, a key.</param>
    public static SchemaShape.Column[] ShapeOf(string predictedLabel, string score, SchemaShape.Column label)
    {
        SchemaShape.Column[] trainerOutput = [.. AnnotationUtils.GetTrainerOutputAnnotation()];
        SchemaShape.Column[] keyValues = label.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out SchemaShape.Column values)
            ? [new(AnnotationUtils.Kinds.KeyValues, SchemaShape.Column.VectorKind.Vector, values.ItemType, false)]
            : [];
        SchemaShape.Column[] trainingValues = [.. keyValues.Select(v => new SchemaShape.Column(AnnotationUtils.Kinds.TrainingLabelValues, v.Kind, v.ItemType, false))];
        var slotNames = new SchemaShape.Column(AnnotationUtils.Kinds.SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, false);
        return
        [
            new(predictedLabel, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, true, new SchemaShape([.. keyValues, .. trainerOutput])),
            new(score, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false, new SchemaShape([slotNames, .. trainingValues, .. trainerOutput])),
        ];
    }

    private static void AddTrainerOutput(DataViewSchema.Annotations.Builder annotations, uint set, string valueKind)
    {
        annotations.Add(AnnotationUtils.Kinds.ScoreColumnSetId, AnnotationUtils.ScoreColumnSetIdType, (ref uint value) => value = set);
        AddText(annotations, AnnotationUtils.Kinds.ScoreColumnKind, AnnotationUtils.Const.ScoreColumnKind.MulticlassClassification);
        AddText(annotations, AnnotationUtils.Kinds.ScoreValueKind, valueKind);
    }

    private static void AddText(DataViewSchema.Annotations.Builder annotations, string kind, string text) =>
        annotations.Add(kind, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = text.AsMemory());
}
