using System.IO.Compression;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>NumPy's archive of arrays, a zip of .npy files, as <c>np.savez</c> writes it and Google publishes Flax checkpoints in.</summary>
internal sealed class NpzSource : ITensorSource
{
    private const string Extension = ".npy";
    private const int ChunkBytes = 1 << 20;

    private readonly ZipArchive _archive;
    private readonly List<TensorEntry> _entries = [];

    /// <summary>Opens the archive and reads the header of every array.</summary>
    /// <exception cref="FormatException">It is not such an archive, or an array's header and length contradict each other.</exception>
    public NpzSource(string path)
    {
        Source = path;
        _archive = OpenArchive(path);
        try
        {
            foreach (ZipArchiveEntry file in _archive.Entries)
            {
                _entries.Add(ReadEntry(file));
            }
            if (_entries.GroupBy(entry => entry.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            {
                throw new FormatException($"{path}: the array '{twice.Key}' occurs twice.");
            }
        }
        catch (Exception error)
        {
            _archive.Dispose();
            if (error is InvalidDataException or EndOfStreamException)
            {
                throw new FormatException($"{path}: {error.Message}", error);
            }
            throw;
        }
    }

    /// <inheritdoc/>
    public string Source { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TensorEntry> Entries => _entries;

    /// <inheritdoc/>
    public Tensor Read(TensorEntry entry)
    {
        NpyHeader header = ((NpzEntry)entry).Header;
        using var scope = NewDisposeScope();
        // The first index runs fastest in Fortran's order: the same bytes are C's with all axes turned round.
        long[] shape = header.IsFortranOrder ? [.. header.Shape.Reverse()] : [.. header.Shape];
        Tensor tensor = empty(shape, header.Type.Carrier ?? header.Type.Torch!.Value, CPU);
        using (Stream stream = _archive.GetEntry(((NpzEntry)entry).File)!.Open())
        {
            NpyHeader.Read(stream, Source);
            Fill(stream, tensor, entry.Name);
        }
        if (!header.Type.IsReadAsIs)
        {
            tensor = header.Type.Decode(tensor);
        }
        if (header.IsFortranOrder)
        {
            tensor = tensor.permute([.. Enumerable.Range(0, shape.Length).Reverse().Select(axis => (long)axis)]);
        }
        return tensor.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void ReadInto(TensorEntry entry, Tensor destination)
    {
        if (!entry.Shape.SequenceEqual(destination.shape))
        {
            throw new ArgumentException($"Array '{entry.Name}' has shape {entry.ShapeText}; expected ({string.Join(", ", destination.shape)}).", nameof(destination));
        }
        using var noGradients = no_grad();
        using Tensor stored = Read(entry);
        destination.copy_(stored);
    }

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    private static ZipArchive OpenArchive(string path)
    {
        FileStream file = File.OpenRead(path);
        try
        {
            return new ZipArchive(file, ZipArchiveMode.Read);
        }
        catch (InvalidDataException error)
        {
            file.Dispose();
            throw new FormatException($"{path}: not a zip archive, which an .npz file is: {error.Message}", error);
        }
    }

    private NpzEntry ReadEntry(ZipArchiveEntry file)
    {
        string source = $"{Source}: '{file.FullName}'";
        if (!file.FullName.EndsWith(Extension, StringComparison.Ordinal))
        {
            throw new FormatException($"{source} is no array; expected a name that ends in {Extension}.");
        }
        using Stream stream = file.Open();
        NpyHeader header = NpyHeader.Read(stream, source);
        if (file.Length - header.Length != header.DataLength)
        {
            throw new FormatException($"{source} has {file.Length - header.Length} bytes of values; expected {header.DataLength}.");
        }
        return new NpzEntry(file.FullName[..^Extension.Length], file.FullName, header);
    }

    private void Fill(Stream stream, Tensor tensor, string name)
    {
        using Tensor flat = tensor.view(-1);
        long count = flat.numel(), step = ChunkBytes / tensor.ElementSize;
        for (long start = 0; start < count; start += step)
        {
            using Tensor part = flat.narrow(0, start, Math.Min(step, count - start));
            int read = stream.ReadAtLeast(part.bytes, part.bytes.Length, throwOnEndOfStream: false);
            if (read < part.bytes.Length)
            {
                throw new InvalidDataException($"{Source}: ends within array '{name}'; expected {part.bytes.Length - read} more bytes at least.");
            }
        }
        if (stream.ReadByte() >= 0)
        {
            throw new FormatException($"{Source}: bytes follow the values of array '{name}'; expected the end.");
        }
    }
}
