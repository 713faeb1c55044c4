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
        catch (Exception exception) when (IsAboutTheImage(exception))
        {
            invalid = About(Position, Path, exception);
            return false;
        }
    }

    /// <summary>The exception about an image that cannot be read.</summary>
    /// <param name="position">Its row.</param>
    /// <param name="path">Its file, where it is known.</param>
    /// <param name="exception">What is wrong with it.</param>
    public Exception About(long position, string? path, Exception exception)
    {
        string where = string.Create(CultureInfo.InvariantCulture, $"The image of row {position} (column '{column.Name}') cannot be read");
        string what = path is not null && !exception.Message.Contains(path, StringComparison.Ordinal)
            ? $"{where}: {path}: {exception.Message}"
            : $"{where}: {exception.Message}";
        return exception is FileNotFoundException or DirectoryNotFoundException
            ? new FileNotFoundException(what, path ?? (exception as FileNotFoundException)?.FileName, exception)
            : new InvalidDataException(what, exception);
    }

    /// <summary>The row's place.</summary>
    private protected long Position => row.Position;

    /// <summary>All are but those of cancelling and of lack of memory.</summary>
    private protected static bool IsAboutTheImage(Exception exception) => exception is not (OperationCanceledException or OutOfMemoryException);

    /// <summary>The file that the row's image comes from, where the column tells.</summary>
    private protected virtual string? Path => null;

    /// <summary>Fills the destination, or throws what is wrong with the image.</summary>
    private protected abstract void ReadPixels(Span<byte> destination);
}
