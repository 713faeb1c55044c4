using Microsoft.ML.Runtime;

namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// Where the pixels of one training lie: in memory as far as a budget goes, beyond it in a temporary file, and where the disk is short of room, nowhere: then they are decoded again each epoch.
/// The log is told once of either. Disposing removes the file.
/// </summary>
/// <param name="channel">Where it says so.</param>
/// <param name="budget">
/// Bytes of memory for training and validation pixels together; null for a quarter of the machine's. An eighth of it, 96 MB at least where that is not above a half, is left to what reading and
/// batches on their way take.
/// </param>
/// <param name="disk">Where a temporary file goes; null for the system's folder.</param>
internal sealed class PixelStorage(IChannel channel, long? budget, TemporaryDisk? disk = null) : IDisposable
{
    /// <summary>Images that wait to be shuffled at least, where all is decoded again.</summary>
    private const int LeastWindow = 256;

    /// <summary>
    /// Bytes that are not for pixels. Measured on 100,000 64-pixel JPEG images: the peak rose by 53 MB more than the pixels in memory, most of it what the garbage collector lets lie.
    /// </summary>
    private const long Spared = 96 << 20;

    private readonly long _budget = budget ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;
    private PixelFile? _file;
    private long? _free;
    private long _taken;
    private bool _isFileRefused;

    private long Left => Math.Max(0, _budget - Math.Max(_budget / 8, Math.Min(_budget / 2, Spared)) - _taken);

    /// <summary>A cache for images that are about to be read.</summary>
    /// <param name="shape">Their shape.</param>
    /// <param name="expected">How many there will be at most; null where nobody knows.</param>
    public PixelCache NewCache(ImageShape shape, long? expected) =>
        new(shape, new PixelBlocks(shape, MostInMemory(shape)), this, expected);

    /// <summary>How many images of a shape the memory that is left holds.</summary>
    public int MostInMemory(ImageShape shape) => (int)Math.Min(int.MaxValue, Left / shape.KeptBytes);

    /// <summary>Counts memory that a cache fills.</summary>
    public void Take(long bytes) => _taken += bytes;

    /// <summary>Memory for images that wait to be shuffled, where they are decoded again each epoch: a cache's, and some in any case.</summary>
    public static PixelBlocks Pool(ImageShape shape, PixelBlocks cache) => cache.Capacity >= LeastWindow ? cache : new PixelBlocks(shape, LeastWindow);

    /// <summary>Writes an image to the file.</summary>
    /// <param name="image">Its pixels.</param>
    /// <param name="kept">How many images of its set are in memory.</param>
    /// <param name="expected">How many more of its kind there will be with it; null where nobody knows.</param>
    /// <returns>Where it lies; null where the disk is short of room.</returns>
    public long? Append(ReadOnlySpan<byte> image, int kept, long? expected)
    {
        try
        {
            if (_isFileRefused || !HasRoom(image.Length, kept, expected))
            {
                return null;
            }
            long place = _file!.Length;
            _file.Append(image);
            return place;
        }
        // .NET says the last of files too large for their file system.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            Refuse(e.Message);
            return null;
        }
    }

    /// <summary>Reads an image from the file. For any threads.</summary>
    public void Read(long place, Span<byte> image) => _file!.Read(place, image);

    /// <summary>Gives the end of the file back to the disk.</summary>
    public void Truncate(long length) => _file!.Truncate(length);

    /// <summary>Removes the file.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private bool HasRoom(int imageBytes, int kept, long? expected)
    {
        if (_file is null)
        {
            disk ??= TemporaryDisk.OfSystem();
            _free = disk.FreeBytes;
        }
        long needed = Math.Max(1, expected ?? 1) * imageBytes;
        if (_free is { } free && (_file?.Length ?? 0) + (_file is null ? needed : imageBytes) > free)
        {
            Refuse($"{disk!.Folder} has {Megabytes(free)} to spare, {Megabytes(needed)} {(expected is null ? "and more " : "")}are needed");
            return false;
        }
        if (_file is null)
        {
            _file = PixelFile.Create(disk!.Folder);
            channel.Info($"The pixels of {kept} images fill the {Megabytes(_budget)} of {nameof(VitOptions.PixelCacheBytes)}; "
                + $"{(expected is { } more ? $"up to {more} more ({Megabytes(needed)}) go" : "more go")} to a temporary file in {disk.Folder}.");
        }
        return true;
    }

    private void Refuse(string reason)
    {
        _isFileRefused = true;
        channel.Warning($"Pixels that do not fit the {Megabytes(_budget)} of {nameof(VitOptions.PixelCacheBytes)} cannot go to a temporary file: {reason}. "
            + "Images are decoded again each epoch, and shuffled among those that fit.");
    }

    private static string Megabytes(long bytes) => $"{(bytes + (1 << 20) - 1) >> 20} MB";
}
