using System.Buffers.Binary;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Reads a safetensors container: the whole header is checked on opening, bytes then go from the stream straight into tensor memory, from a file by two threads. The stream need
/// not be seekable (an entry of a model zip is not): then tensors are read in the order of <see cref="Entries"/>.
/// </summary>
internal sealed class SafetensorsReader : ITensorSource
{
    private const int PrefixBytes = sizeof(ulong);
    private const int ChunkBytes = 1 << 20;

    private readonly Stream _stream;
    private readonly string _source;
    private readonly SafetensorsHeader _header;
    private readonly long _origin; // of the tensors' bytes, in a seekable stream
    private long _position; // of the stream, from the first tensor's first byte

    /// <summary>Reads and checks the header at the stream's position; takes the stream over.</summary>
    /// <param name="stream">A readable stream.</param>
    /// <param name="source">The file's or entry's name for messages.</param>
    /// <param name="length">Bytes from here to the end of the container, where the stream itself does not know.</param>
    /// <exception cref="FormatException">The header breaks a rule of the format, or promises more or fewer bytes than there are.</exception>
    /// <exception cref="InvalidDataException">The stream ends within the header.</exception>
    public SafetensorsReader(Stream stream, string source, long? length = null)
    {
        _stream = stream;
        _source = source;
        length ??= stream.CanSeek ? stream.Length - stream.Position : null;

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        Fill(prefix, "the length of the header");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        ulong most = (ulong)Math.Clamp((length ?? long.MaxValue) - PrefixBytes, 0, SafetensorsHeader.MaxLength);
        if (headerLength > most)
        {
            throw new FormatException($"{source}: the header claims {headerLength} bytes; expected at most {most}.");
        }
        _header = SafetensorsHeader.Parse(ReadHeader((int)headerLength), source);

        long? data = length - PrefixBytes - (long)headerLength;
        if (data is not null && data != _header.DataLength)
        {
            throw new FormatException($"{source}: {data} bytes follow the header; expected {_header.DataLength}, the end of the last tensor.");
        }
        _origin = stream.CanSeek ? stream.Position : 0;
        _position = 0;
    }

    /// <summary>Opens a file.</summary>
    public static SafetensorsReader Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        try
        {
            return new SafetensorsReader(stream, path);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The file's or entry's name for messages.</summary>
    public string Source => _source;

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<TensorEntry> Entries => _header.Entries;

    /// <summary>The free text under "__metadata__".</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Reads one tensor by name, in the type it is stored in, on the CPU.</summary>
    /// <exception cref="FormatException">There is no such tensor, or its type is none of libtorch's.</exception>
    public Tensor Read(string name) =>
        Read(Entries.FirstOrDefault(entry => entry.Name == name) ?? throw new FormatException($"{_source}: there is no tensor '{name}'."));

    /// <inheritdoc/>
    public Tensor Read(TensorEntry entry)
    {
        Tensor tensor = empty([.. entry.Shape], StoredTypeOf(entry), CPU);
        try
        {
            Fill((SafetensorsEntry)entry, tensor);
            if (entry.Type.IsReadAsIs)
            {
                return tensor;
            }
            Tensor decoded = entry.Type.Decode(tensor);
            tensor.Dispose();
            return decoded;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void ReadInto(TensorEntry entry, Tensor destination)
    {
        if (!entry.Shape.SequenceEqual(destination.shape))
        {
            throw new ArgumentException($"Tensor '{entry.Name}' has shape {entry.ShapeText}; expected ({string.Join(", ", destination.shape)}).", nameof(destination));
        }
        using var noGradients = no_grad();
        if (destination.dtype == StoredTypeOf(entry) && entry.Type.IsReadAsIs && destination.is_cpu() && destination.is_contiguous())
        {
            Fill((SafetensorsEntry)entry, destination);
        }
        else
        {
            using Tensor stored = Read(entry);
            destination.copy_(stored);
        }
    }

    /// <summary>Where the stream cannot tell its length: proves that nothing follows the last tensor, once that has been read.</summary>
    /// <exception cref="FormatException">Something follows.</exception>
    public void ThrowIfMoreFollows()
    {
        if (!_stream.CanSeek && _position == _header.DataLength && _stream.ReadByte() >= 0)
        {
            throw new FormatException($"{_source}: bytes follow the last tensor; expected the end.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private ScalarType StoredTypeOf(TensorEntry entry) =>
        entry.Type.Carrier ?? entry.Type.Torch ?? throw new FormatException($"{_source}: tensor '{entry.Name}' has dtype {entry.Type.Name}, which cannot be read into a tensor.");

    /// <summary>In pieces, so that a short stream that claims a long header costs no more memory than it has bytes.</summary>
    private ReadOnlyMemory<byte> ReadHeader(int length)
    {
        using var header = new MemoryStream();
        byte[] chunk = new byte[Math.Min(length, ChunkBytes)];
        while (header.Length < length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, length - header.Length));
            Fill(part, "the header");
            header.Write(part);
        }
        return header.GetBuffer().AsMemory(0, length);
    }

    private void Fill(SafetensorsEntry entry, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        Tensor flat = tensor.detach().view(-1);
        if (_stream is FileStream file)
        {
            ParallelFileReader.Read(file, _origin + entry.Begin, flat, $"{_source}: tensor '{entry.Name}'");
            return;
        }
        MoveTo(entry);
        long count = flat.numel(), step = ChunkBytes / tensor.ElementSize;
        for (long start = 0; start < count; start += step)
        {
            using Tensor part = flat.narrow(0, start, Math.Min(step, count - start));
            Fill(part.bytes, $"tensor '{entry.Name}'");
        }
    }

    private void MoveTo(SafetensorsEntry entry)
    {
        if (_stream.CanSeek)
        {
            _stream.Position = _origin + entry.Begin;
            _position = entry.Begin;
            return;
        }
        if (entry.Begin < _position)
        {
            throw new InvalidOperationException($"{_source} cannot seek: tensor '{entry.Name}' lies before what has been read.");
        }
        byte[] skipped = new byte[Math.Min(entry.Begin - _position, ChunkBytes)];
        while (_position < entry.Begin)
        {
            Fill(skipped.AsSpan(0, (int)Math.Min(skipped.Length, entry.Begin - _position)), $"what lies before tensor '{entry.Name}'");
        }
    }

    private void Fill(Span<byte> bytes, string what)
    {
        int read = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read < bytes.Length)
        {
            throw new InvalidDataException($"{_source}: ends within {what}; expected {bytes.Length - read} more bytes at least.");
        }
        _position += read;
    }
}
