using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.Vit.Images;

/// <summary>Reads image files whose paths, absolute or relative to the working directory, are in a text column.</summary>
internal sealed class PathRowReader(DataViewRow row, DataViewSchema.Column column, Preprocessing preprocessing) : RowImageReader(row, column)
{
    // An encoded image of the most pixels that are decoded is smaller; a file that is larger is no image.
    private const long LargestFile = 1L << 30;

    private readonly ValueGetter<ReadOnlyMemory<char>> _getter = row.GetGetter<ReadOnlyMemory<char>>(column);
    private readonly ImageFitter _fitter = new(preprocessing);
    private ReadOnlyMemory<char> _text;
    private string? _path;

    private protected override string? Path => _path;

    private protected override void ReadPixels(Span<byte> destination)
    {
        _path = null;
        _getter(ref _text);
        if (_text.Span.IsWhiteSpace())
        {
            throw new InvalidDataException("The path is empty.");
        }
        _path = _text.ToString();
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = RandomAccess.GetLength(file);
        if (length > LargestFile)
        {
            throw new InvalidDataException($"The file has {length} bytes; expected an image of at most {LargestFile}.");
        }
        byte[] encoded = ArrayPool<byte>.Shared.Rent((int)length);
        try
        {
            int read = 0;
            for (int count = -1; count != 0 && read < length; read += count)
            {
                count = RandomAccess.Read(file, encoded.AsSpan(read, (int)length - read), read);
            }
            using PlanarImage image = ImageDecoder.Decode(encoded.AsSpan(0, read), preprocessing.Channels);
            _fitter.Fit(image, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(encoded);
        }
    }
}
