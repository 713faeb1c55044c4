using Microsoft.ML.Data;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>Where scored rows have their pictures, and what they are found by.</summary>
internal sealed class PictureColumn
{
    /// <summary>The paths of images in what <c>LoadImagesFromFolder</c> gives.</summary>
    private const string PathColumn = "ImagePath";

    private readonly ImageColumnReader? _reader;
    private readonly Preprocessing _preprocessing;
    private readonly DataViewSchema.Column? _path;

    /// <summary>Finds the columns.</summary>
    /// <param name="schema">The scored rows'.</param>
    /// <param name="name">The image column; null for the model's own or, where that is not there, of image paths.</param>
    /// <param name="featureName">The model's image column.</param>
    /// <param name="preprocessing">The model's: pictures show what the network reads.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column that was named is missing or holds no images.</exception>
    public PictureColumn(DataViewSchema schema, string? name, string featureName, Preprocessing preprocessing)
    {
        _preprocessing = preprocessing;
        DataViewSchema.Column? named = name is null ? null
            : schema.GetColumnOrNull(name) ?? throw new ArgumentOutOfRangeException(nameof(name), $"The scored rows have no image column '{name}'.");
        DataViewSchema.Column? paths = schema.GetColumnOrNull(PathColumn) is { Type: TextDataViewType } found ? found : null;
        DataViewSchema.Column? images = named ?? schema.GetColumnOrNull(featureName) ?? paths;
        if (images is { } column && (named is not null || FeatureColumn.KindOf(column.Type) is not null) && Thumbnail.Shows(preprocessing.Channels))
        {
            _reader = new ImageColumnReader(column, preprocessing);
        }
        _path = images is { Type: TextDataViewType } text ? text : paths;
    }

    /// <summary>The columns to ask a cursor for.</summary>
    public IEnumerable<DataViewSchema.Column> ColumnsToRead(DataViewSchema schema) =>
        (_reader?.ColumnsToRead(schema) ?? []).Concat(_path is { } path ? [path] : []).DistinctBy(column => column.Index);

    /// <summary>Gives the name and the picture of the row that the cursor stands on; no picture where it cannot be read.</summary>
    public Func<(string Where, Thumbnail? Picture)> For(DataViewRowCursor cursor)
    {
        RowImageReader? row = _reader?.For(cursor);
        byte[] planes = new byte[_reader?.ImageBytes ?? 0];
        ValueGetter<ReadOnlyMemory<char>>? getPath = _path is { } path ? cursor.GetGetter<ReadOnlyMemory<char>>(path) : null;
        return () =>
        {
            string where = $"row {Figures.Count(cursor.Position)}";
            if (getPath is not null)
            {
                ReadOnlyMemory<char> text = default;
                getPath(ref text);
                where = text.Span.IsWhiteSpace() ? where : End(text.ToString());
            }
            if (row is null || !row.TryRead(planes, out _))
            {
                return (where, null);
            }
            return (where, _reader!.IsFloat
                ? Thumbnail.OfFloats(planes, _preprocessing.Size, _preprocessing.Channels)
                : Thumbnail.Of(planes, _preprocessing.Size, _preprocessing.Channels));
        };
    }

    /// <summary>The file and its folder: enough to find it, and no more of this machine than that.</summary>
    private static string End(string path) => string.Join('/', path.Split('/', '\\').TakeLast(2));
}
