using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Takes images from an MLImage column without leaking those that transforms make and without disposing those that belong to the user.
/// <para>
/// ML.NET has no rule of ownership for MLImage. The getters of its image transforms dispose what the caller hands back in the ref argument and put
/// a new image there, so that a caller who hands back the previous image leaks none (whatever is left at the end, one image, its finalizer frees).
/// But ResizeImages hands on its input where the size fits: handed back, a user's own object would be disposed (dotnet/machinelearning 7444).
/// </para>
/// <para>
/// So the previous image is handed back unless it is the very object in another image column of the row, and that column hands out the same object
/// each time it is asked, as rows in memory do and transforms that make images do not. (Caches and shuffles drop image columns.)
/// </para>
/// </summary>
internal sealed class ImageHandover
{
    private readonly ValueGetter<MLImage?> _getter;
    private readonly List<ValueGetter<MLImage?>> _undecided = [];
    private readonly List<ValueGetter<MLImage?>> _shared = [];
    private MLImage? _image;

    /// <summary>Takes the images of a column of a row or cursor.</summary>
    public ImageHandover(DataViewRow row, DataViewSchema.Column column)
    {
        _getter = row.GetGetter<MLImage?>(column);
        _undecided.AddRange(Sources(row.Schema, column).Where(row.IsColumnActive).Select(row.GetGetter<MLImage?>));
    }

    /// <summary>The columns whose images a column might hand on: only ResizeImages does, whose output has a fixed size.</summary>
    public static IEnumerable<DataViewSchema.Column> Sources(DataViewSchema schema, DataViewSchema.Column column) =>
        FeatureColumn.FixedSize(column.Type) is null ? [] : schema.Where(other => other.Index < column.Index && other.Type is ImageDataViewType);

    /// <summary>The current row's image, valid until the next call; null where the row has none.</summary>
    public MLImage? Next()
    {
        for (int i = _undecided.Count - 1; i >= 0; i--)
        {
            Decide(_undecided[i]);
        }
        MLImage? image = _image;
        // A getter that throws may have disposed what it was handed.
        _image = null;
        _getter(ref image);
        if (image is not null && !IsShared(image))
        {
            _image = image;
        }
        return image;
    }

    private bool IsShared(MLImage image)
    {
        foreach (ValueGetter<MLImage?> getter in _shared)
        {
            MLImage? source = null;
            getter(ref source);
            if (ReferenceEquals(source, image))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Asks a column twice for the same row's image; done with the first row that has one.</summary>
    private void Decide(ValueGetter<MLImage?> getter)
    {
        MLImage? first = null;
        MLImage? second = null;
        try
        {
            getter(ref first);
            getter(ref second);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            // Where the feature column needs this image, its own getter will throw the same.
            return;
        }
        if (first is null || second is null)
        {
            return;
        }
        _undecided.Remove(getter);
        if (ReferenceEquals(first, second))
        {
            _shared.Add(getter);
            return;
        }
        first.Dispose();
        second.Dispose();
    }
}
