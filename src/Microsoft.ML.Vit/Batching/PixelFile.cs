using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// A temporary file of pixels that nothing but this process sees, gone when it is disposed and when the process ends, even killed: its name is removed as soon as it is open, and where an
/// open file keeps its name (Windows), the system removes both. What a crash of the machine, or a kill in the instant between, leaves is removed by the next process that makes such a file.
/// It is read and written by ordinary calls: the pages of a mapped file would count as the process's memory, which is what this saves.
/// </summary>
internal sealed class PixelFile : IDisposable
{
    private const string Prefix = "vit-pixels-";
    private const string Extension = ".tmp";

    private readonly SafeFileHandle _handle;

    private PixelFile(SafeFileHandle handle) => _handle = handle;

    /// <summary>Bytes written.</summary>
    public long Length { get; private set; }

    /// <summary>Makes an empty file.</summary>
    /// <param name="folder">Where.</param>
    /// <exception cref="IOException">It cannot be made there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made there.</exception>
    public static PixelFile Create(string folder)
    {
        RemoveAbandoned(folder);
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}{Extension}"));
        bool keepsItsName = OperatingSystem.IsWindows();
        SafeFileHandle handle = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.RandomAccess | (keepsItsName ? FileOptions.DeleteOnClose : FileOptions.None));
        if (!keepsItsName)
        {
            File.Delete(path);
        }
        return new PixelFile(handle);
    }

    /// <summary>Appends an image.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void Append(ReadOnlySpan<byte> image)
    {
        RandomAccess.Write(_handle, image, Length);
        Length += image.Length;
    }

    /// <summary>Reads what was written at a place. For any threads.</summary>
    /// <exception cref="IOException">The disk fails.</exception>
    public void Read(long place, Span<byte> image)
    {
        while (image.Length > 0)
        {
            int count = RandomAccess.Read(_handle, image, place);
            if (count == 0)
            {
                throw new EndOfStreamException($"The temporary file of pixels ends at {place} of {Length} bytes.");
            }
            image = image[count..];
            place += count;
        }
    }

    /// <summary>Cuts the file off.</summary>
    public void Truncate(long length)
    {
        RandomAccess.SetLength(_handle, length);
        Length = length;
    }

    /// <summary>Closes the file, which is gone then.</summary>
    public void Dispose() => _handle.Dispose();

    private static void RemoveAbandoned(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, $"{Prefix}*{Extension}"))
        {
            try
            {
                if (IsAbandoned(path))
                {
                    File.Delete(path);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another's, or in use after all.
            }
        }
    }

    /// <summary>Whether the process that a file is named after has ended: none has its number, or one that began after the file was last written.</summary>
    private static bool IsAbandoned(string path)
    {
        string number = Path.GetFileName(path)[Prefix.Length..].Split('-')[0];
        if (!int.TryParse(number, CultureInfo.InvariantCulture, out int id))
        {
            return false;
        }
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(id);
            return process.StartTime.ToUniversalTime() > File.GetLastWriteTimeUtc(path).AddSeconds(10);
        }
        catch (ArgumentException)
        {
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It ended just now, or its start time is not ours to know: the next one will see.
            return false;
        }
    }
}
