using Microsoft.ML;
using Microsoft.ML.Data;

namespace Vit.Samples;

/// <summary>What the samples read from scored images.</summary>
internal static class Scores
{
    /// <summary>The class of every score, from the slot names of the Score column.</summary>
    /// <exception cref="InvalidDataException">The model does not classify: it gives no scores by class.</exception>
    public static IReadOnlyList<string> ClassNames(IDataView scored)
    {
        if (scored.Schema.GetColumnOrNull("Score") is not { Type: VectorDataViewType } column || !column.HasSlotNames())
        {
            throw new InvalidDataException("The model has no column 'Score' with a score for every class.");
        }
        VBuffer<ReadOnlyMemory<char>> names = default;
        column.GetSlotNames(ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }

    /// <summary>Scores image files; the label and score of every class, best first.</summary>
    public static IReadOnlyList<(string Image, IReadOnlyList<(string Label, float Score)> Classes)> Of(MLContext ml, ITransformer model, IReadOnlyList<string> images)
    {
        IDataView scored = model.Transform(ml.Data.LoadFromEnumerable(images.Select(image => new ImageRow { ImagePath = image })));
        IReadOnlyList<string> names = ClassNames(scored);
        return [.. scored.GetColumn<float[]>("Score").Select((scores, i) =>
            (images[i], (IReadOnlyList<(string, float)>)[.. names.Zip(scores).OrderByDescending(pair => pair.Second)]))];
    }

    /// <summary>The columns that models of these samples read; the label is empty where it is not known.</summary>
    private sealed class ImageRow
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
