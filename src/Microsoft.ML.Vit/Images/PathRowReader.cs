namespace Microsoft.ML.Vit.Images;

/// <summary>Reads image files whose paths, absolute or relative to the working directory, are in a text column.</summary>
internal sealed class PathRowReader(DataViewRow row, DataViewSchema.Column column, Func<ImageFitter> newFitter) : EncodedRowReader(row, column, newFitter)
{
    private readonly ValueGetter<ReadOnlyMemory<char>> _getter = row.GetGetter<ReadOnlyMemory<char>>(column);
    private ReadOnlyMemory<char> _text;

    private protected override void TakeValue(EncodedImage image)
    {
        _getter(ref _text);
        if (_text.Span.IsWhiteSpace())
        {
            throw new InvalidDataException("The path is empty.");
        }
        image.Path = _text.ToString();
    }
}
