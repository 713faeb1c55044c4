using System.Buffers;
using System.Collections.Concurrent;

namespace Microsoft.ML.Vit.Images;

/// <summary>
/// The images of a few rows, one row after the other: the rows are walked through by the caller's thread, and what they have encoded is decoded by as many threads as there are cores.
/// Order, pixels and errors are those of reading row by row. The memory is used again for the next rows, and by others after <see cref="Dispose"/>: of megabytes, a new array each time would have
/// the whole heap collected every few times.
/// </summary>
/// <param name="reader">Stands on the rows.</param>
/// <param name="imageBytes">Bytes of an image as it is read.</param>
/// <param name="capacity">Rows at most.</param>
internal sealed class RowImages(RowImageReader reader, int imageBytes, int capacity) : IDisposable
{
    private byte[]? _pixels = ArrayPool<byte>.Shared.Rent(checked(capacity * imageBytes));
    private readonly Exception?[] _invalid = new Exception?[capacity];
    // One image alone is read as it comes.
    private readonly EncodedRowReader? _encodedReader = capacity > 1 ? reader as EncodedRowReader : null;
    private readonly EncodedImage[] _encoded = [.. Enumerable.Range(0, capacity > 1 && reader is EncodedRowReader ? capacity : 0).Select(_ => new EncodedImage())];
    private readonly ConcurrentStack<ImageFitter> _fitters = [];
    private int _decoded;

    /// <summary>Rows that keep all cores busy for a while.</summary>
    public static int UsualCapacity { get; } = Math.Clamp(8 * Environment.ProcessorCount, 16, 256);

    /// <summary>Images held.</summary>
    public int Count { get; private set; }

    /// <summary>Whether no more fit.</summary>
    public bool IsFull => Count == capacity;

    /// <summary>Whether the rows have them encoded, so that <see cref="Decode"/> takes its time.</summary>
    public bool AreEncoded => _encodedReader is not null;

    /// <summary>The pixels of the images held, one after the other, before what is undefined; those of an invalid one are undefined too.</summary>
    /// <exception cref="ObjectDisposedException">They are no longer held.</exception>
    public byte[] Pixels => _pixels ?? throw new ObjectDisposedException(nameof(RowImages));

    /// <summary>The pixels of an image.</summary>
    public ReadOnlySpan<byte> this[int index] => Pixels.AsSpan(index * imageBytes, imageBytes);

    /// <summary>What <see cref="RowImageReader.Read"/> would have thrown for an image; null where it is valid.</summary>
    public Exception? Invalid(int index) => _invalid[index];

    /// <summary>Forgets the images.</summary>
    public void Clear()
    {
        Count = 0;
        _decoded = 0;
    }

    /// <summary>Adds the image of the row that the reader stands on. It is there after <see cref="Decode"/>.</summary>
    public void Add()
    {
        _invalid[Count] = null;
        if (_encodedReader is null)
        {
            reader.TryRead(Pixels.AsSpan(Count * imageBytes, imageBytes), out _invalid[Count]);
        }
        else
        {
            _encodedReader.TryTake(_encoded[Count], out _invalid[Count]);
        }
        Count++;
    }

    /// <summary>Decodes the images that were added since the last call.</summary>
    public void Decode()
    {
        int first = _decoded;
        _decoded = Count;
        if (_encodedReader is null)
        {
            return;
        }
        int next = first - 1;
        // Each takes one image after the other: handed out several at a time, some would wait for the last.
        Parallel.For(0, Math.Min(Environment.ProcessorCount, Count - first), _ =>
        {
            ImageFitter fitter = _fitters.TryPop(out ImageFitter? used) ? used : _encodedReader.NewFitter();
            for (int index = Interlocked.Increment(ref next); index < _decoded; index = Interlocked.Increment(ref next))
            {
                DecodeOne(index, fitter);
            }
            _fitters.Push(fitter);
        });
        // Is about no image, so that nobody may leave it out.
        if (_invalid.AsSpan(first, Count - first).ToArray().FirstOrDefault(e => e is OutOfMemoryException) is { } exhausted)
        {
            throw exhausted;
        }
    }

    /// <summary>As <see cref="Decode"/>, where every image must be valid.</summary>
    /// <exception cref="FileNotFoundException">The file of one is missing.</exception>
    /// <exception cref="InvalidDataException">One cannot be read otherwise.</exception>
    public void DecodeAll()
    {
        Decode();
        if (_invalid.AsSpan(0, Count).ToArray().FirstOrDefault(exception => exception is not null) is { } invalid)
        {
            throw invalid;
        }
    }

    /// <summary>Lets go of the memory, while nothing is decoded.</summary>
    public void Dispose()
    {
        if (_pixels is { } pixels)
        {
            _pixels = null;
            ArrayPool<byte>.Shared.Return(pixels);
        }
    }

    private void DecodeOne(int index, ImageFitter fitter)
    {
        if (_invalid[index] is not null)
        {
            return;
        }
        EncodedImage image = _encoded[index];
        try
        {
            image.Decode(fitter, Pixels.AsSpan(index * imageBytes, imageBytes));
        }
        catch (OutOfMemoryException exception)
        {
            _invalid[index] = exception;
        }
        catch (Exception exception)
        {
            _invalid[index] = reader.About(image.Row, image.Path, exception);
        }
    }
}
