using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Reads the image of a row, or of the row that a cursor stands on. Not for several threads at once.
/// </summary>
/// <param name="row">The row or cursor, whose feature column is active.</param>
/// <param name="column">The feature column.</param>
internal abstract class RowImageReader(DataViewRow row, DataViewSchema.Column column)
{
    /// <summary>Fills the destination with the image's pixels.</summary>
    /// <param name="destination"><see cref="ImageColumnReader.ImageBytes"/> bytes.</param>
    /// <exception cref="FileNotFoundException">The image's file is missing; the message names it and the row.</exception>
    /// <exception cref="InvalidDataException">The image cannot be read otherwise; the message names the row, and the file where it is known.</exception>
    public void Read(Span<byte> destination)
    {
        if (!TryRead(destination, out Exception? invalid))
        {
            throw invalid;
        }
    }

    /// <summary>As <see cref="Read"/>, but hands back the exception about an invalid image, for callers that leave such rows out.</summary>
    /// <param name="destination"><see cref="ImageColumnReader.ImageBytes"/> bytes; undefined after an invalid image.</param>
    /// <param name="invalid">What <see cref="Read"/> throws.</param>
    /// <returns>Whether the image is valid.</returns>
    public bool TryRead(Span<byte> destination, [NotNullWhen(false)] out Exception? invalid)
    {
        try
        {
            ReadPixels(destination);
            invalid = null;
            return true;
        }
        // Whatever an upstream transform throws on a bad file (LoadImages: ArgumentException, IOException) is about this row's image.
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"The image of row {row.Position} (column '{column.Name}') cannot be read");
            string what = Path is { } path && !exception.Message.Contains(path, StringComparison.Ordinal)
                ? $"{where}: {path}: {exception.Message}"
                : $"{where}: {exception.Message}";
            invalid = exception is FileNotFoundException or DirectoryNotFoundException
                ? new FileNotFoundException(what, Path ?? (exception as FileNotFoundException)?.FileName, exception)
                : new InvalidDataException(what, exception);
            return false;
        }
    }

    /// <summary>The file that the row's image comes from, where the column tells.</summary>
    private protected virtual string? Path => null;

    /// <summary>Fills the destination, or throws what is wrong with the image.</summary>
    private protected abstract void ReadPixels(Span<byte> destination);
}
