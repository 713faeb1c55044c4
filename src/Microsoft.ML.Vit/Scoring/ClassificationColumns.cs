using Microsoft.ML.Data;
using Microsoft.ML.Vit.Batching;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>The two columns that a classifier adds, with the annotations that ML.NET's evaluators and key transforms read.</summary>
/// <param name="predictedLabel">Name of the most probable class's column, a key.</param>
/// <param name="score">Name of the probabilities' column, a vector.</param>
/// <param name="labels">What the classes are called.</param>
internal sealed class ClassificationColumns(string predictedLabel, string score, LabelValues labels) : AddedColumns
{
    /// <summary>What the classes are called.</summary>
    public LabelValues Labels => labels;

    /// <inheritdoc/>
    public override int VectorLength => labels.Count;

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] For(DataViewSchema input)
    {
        uint set = checked(input.GetMaxAnnotationKind(out _, AnnotationUtils.Kinds.ScoreColumnSetId) + 1);

        var labelAnnotations = new DataViewSchema.Annotations.Builder();
        labels.AddTo(labelAnnotations, AnnotationUtils.Kinds.KeyValues);
        AddTrainerOutput(labelAnnotations, set, AnnotationUtils.Const.ScoreValueKind.PredictedLabel);

        var scoreAnnotations = new DataViewSchema.Annotations.Builder();
        ReadOnlyMemory<char>[] names = [.. labels.Names.Select(name => name.AsMemory())];
        scoreAnnotations.AddSlotNames(names.Length, (ref VBuffer<ReadOnlyMemory<char>> target) => new VBuffer<ReadOnlyMemory<char>>(names.Length, names).CopyTo(ref target));
        labels.AddTo(scoreAnnotations, AnnotationUtils.Kinds.TrainingLabelValues);
        AddTrainerOutput(scoreAnnotations, set, AnnotationUtils.Const.ScoreValueKind.Score);

        return
        [
            new(predictedLabel, new KeyDataViewType(typeof(uint), labels.Count), labelAnnotations.ToAnnotations()),
            new(score, new VectorDataViewType(NumberDataViewType.Single, labels.Count), scoreAnnotations.ToAnnotations()),
        ];
    }

    /// <inheritdoc/>
    public override Delegate GetterOf(int index, CurrentVector current) => index == 0
        ? (ValueGetter<uint>)((ref uint label) => label = MostProbable(current()))
        : (ValueGetter<VBuffer<float>>)((ref VBuffer<float> target) => Copy(current(), ref target));

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

    /// <summary>The key of the most probable class, from 1; 0 (missing) where the scores are not numbers.</summary>
    private static uint MostProbable(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            best = scores[i] > scores[best] ? i : best;
        }
        return float.IsNaN(scores[best]) ? 0 : (uint)best + 1;
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
