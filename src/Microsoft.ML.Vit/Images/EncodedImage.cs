using System.Buffers;
using Microsoft.ML.Data;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.Vit.Images;

/// <summary>An encoded image as a row names it, by its file or by its bytes, kept while the row moves on: any thread may decode it then. Used again for one row after the other.</summary>
internal sealed class EncodedImage
{
    // An encoded image of the most pixels that are decoded is smaller; a file that is larger is no image.
    private const long LargestFile = 1L << 30;

    private VBuffer<byte> _bytes;

    /// <summary>The file; null where the row has the bytes.</summary>
    public string? Path { get; set; }

    /// <summary>The row's place, for messages.</summary>
    public long Row { get; set; }

    /// <summary>The bytes, where there is no file.</summary>
    public ref VBuffer<byte> Bytes => ref _bytes;

    /// <summary>Decodes the image and fits it.</summary>
    /// <param name="fitter">The calling thread's.</param>
    /// <param name="destination">What <see cref="ImageFitter.Fit"/> fills.</param>
    public void Decode(ImageFitter fitter, Span<byte> destination)
    {
        if (Path is null && _bytes.IsDense)
        {
            Decode(_bytes.GetValues(), fitter, destination);
            return;
        }
        using SafeFileHandle? file = Path is null ? null : File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = file is null ? _bytes.Length : RandomAccess.GetLength(file);
        if (length > LargestFile)
        {
            throw new InvalidDataException($"The file has {length} bytes; expected an image of at most {LargestFile}.");
        }
        byte[] encoded = ArrayPool<byte>.Shared.Rent((int)length);
        try
        {
            int read = 0;
            if (file is null)
            {
                _bytes.CopyTo(encoded);
                read = (int)length;
            }
            for (int count = -1; count != 0 && read < length; read += count)
            {
                count = RandomAccess.Read(file!, encoded.AsSpan(read, (int)length - read), read);
            }
            Decode(encoded.AsSpan(0, read), fitter, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(encoded);
        }
    }

    private static void Decode(ReadOnlySpan<byte> encoded, ImageFitter fitter, Span<byte> destination)
    {
        using PlanarImage image = ImageDecoder.Decode(encoded, fitter.Channels);
        fitter.Fit(image, destination);
    }
}
