using Microsoft.ML.Data;
using Microsoft.ML.Vit.Batching;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>Reads scored rows once, as a stream.</summary>
internal static class ScoredRows
{
    /// <summary>Evaluates the rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="classNames">The model's classes.</param>
    /// <param name="labelName">Their label, a key or text.</param>
    /// <param name="scoreName">Their probabilities, a vector.</param>
    /// <param name="pictures">Their pictures.</param>
    /// <param name="mistakesKept">The most mistakes kept.</param>
    /// <param name="cancellationToken">Looked at before each row.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type, or no label value is a class of the model.</exception>
    public static Evaluation Read(
        IDataView rows, IReadOnlyList<string> classNames, string labelName, string scoreName, PictureColumn pictures, int mistakesKept, CancellationToken cancellationToken)
    {
        DataViewSchema.Column label = Find(rows.Schema, labelName, "label");
        DataViewSchema.Column score = Find(rows.Schema, scoreName, "score");
        if (score.Type is not VectorDataViewType vector || !vector.ItemType.Equals(NumberDataViewType.Single) || vector.Size != classNames.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(rows), $"The score column '{scoreName}' is {score.Type}; expected a vector of {classNames.Count} floats, the rows as the model's Transform gives them.");
        }
        var evaluation = new Evaluation(classNames, mistakesKept);
        using DataViewRowCursor cursor = rows.GetRowCursor([label, score, .. pictures.ColumnsToRead(rows.Schema)]);
        Func<int> getClass = ClassOf(cursor, label, classNames);
        ValueGetter<VBuffer<float>> getScores = cursor.GetGetter<VBuffer<float>>(score);
        Func<(string, Thumbnail?)> getPicture = pictures.For(cursor);
        VBuffer<float> scores = default;
        float[] dense = new float[classNames.Count];
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            getScores(ref scores);
            scores.CopyTo(dense);
            evaluation.Add(getClass(), dense, getPicture);
        }
        return evaluation;
    }

    private static DataViewSchema.Column Find(DataViewSchema schema, string name, string role) =>
        schema.GetColumnOrNull(name) ?? throw new ArgumentOutOfRangeException(nameof(schema), $"The scored rows have no {role} column '{name}'.");

    /// <summary>The class of the row that the cursor stands on, by its name, whatever key it has in these rows; -1 where the model does not know it.</summary>
    private static Func<int> ClassOf(DataViewRowCursor cursor, DataViewSchema.Column label, IReadOnlyList<string> classNames)
    {
        Dictionary<string, int> classes = classNames.Select((name, index) => (name, index)).DistinctBy(pair => pair.name).ToDictionary(pair => pair.name, pair => pair.index);
        if (label.Type is TextDataViewType)
        {
            ValueGetter<ReadOnlyMemory<char>> getText = cursor.GetGetter<ReadOnlyMemory<char>>(label);
            return () =>
            {
                ReadOnlyMemory<char> text = default;
                getText(ref text);
                return classes.GetValueOrDefault(text.ToString(), -1);
            };
        }
        if (label.Type is not KeyDataViewType { Count: <= int.MaxValue } key)
        {
            throw new ArgumentOutOfRangeException(nameof(label), $"The label column '{label.Name}' is {label.Type}; expected a key (of MapValueToKey) or text.");
        }
        int[] classOfKey = [.. LabelValues.Of(label).Names.Select(name => classes.GetValueOrDefault(name, -1))];
        if (classOfKey.All(index => index < 0))
        {
            throw new ArgumentOutOfRangeException(nameof(label), $"None of the values of the label column '{label.Name}' is a class of the model ({string.Join(", ", classNames.Take(10))}{(classNames.Count > 10 ? ", …" : "")}).");
        }
        ValueGetter<uint> getKey = RowCursorUtils.GetGetterAs<uint>(new KeyDataViewType(typeof(uint), key.Count), cursor, label.Index);
        return () =>
        {
            uint value = 0;
            getKey(ref value);
            return value == 0 ? -1 : classOfKey[value - 1];
        };
    }
}
