using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>The header of a NumPy array file (numpy.lib.format, versions 1 to 3): a Python dictionary as text, read for its three keys and not evaluated.</summary>
/// <param name="Type">The element type.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="IsFortranOrder">Whether the first index runs fastest.</param>
/// <param name="Length">Bytes of the header itself; the values follow it.</param>
internal sealed partial record NpyHeader(SafetensorsType Type, IReadOnlyList<long> Shape, bool IsFortranOrder, long Length)
{
    private const int MaxLength = 1 << 20;

    /// <summary>Bytes of all values.</summary>
    public long DataLength => Shape.Aggregate(Type.Bits / 8L, (product, size) => checked(product * size));

    /// <summary>Reads it from the beginning of a file, leaving the stream at the first value.</summary>
    /// <exception cref="FormatException">It is no such header, or of a type that cannot be a tensor.</exception>
    public static NpyHeader Read(Stream stream, string source)
    {
        byte[] start = new byte[12];
        stream.ReadExactly(start, 0, 10);
        if (start[0] != 0x93 || !start.AsSpan(1, 5).SequenceEqual("NUMPY"u8))
        {
            throw new FormatException($"{source}: not a NumPy array; expected it to begin with \\x93NUMPY.");
        }
        int version = start[6];
        if (version is < 1 or > 3)
        {
            throw new FormatException($"{source}: version {version} of NumPy's array format; expected 1 to 3.");
        }
        uint length = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8));
        if (version > 1)
        {
            stream.ReadExactly(start, 10, 2);
            length = BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(8));
        }
        if (length > MaxLength)
        {
            throw new FormatException($"{source}: the header claims {length} bytes; expected at most {MaxLength}.");
        }
        byte[] text = new byte[length];
        stream.ReadExactly(text);
        return Parse(Encoding.UTF8.GetString(text), (version > 1 ? 12 : 10) + length, source);
    }

    private static NpyHeader Parse(string text, long length, string source)
    {
        string Value(Regex pattern, string key) =>
            pattern.Match(text) is { Success: true } match ? match.Groups[1].Value : throw new FormatException($"{source}: the header has no {key}: {text.Trim()}");

        string type = Value(DescriptionPattern(), "'descr' of a plain type");
        bool isFortranOrder = Value(OrderPattern(), "'fortran_order'") == "True";
        string[] sizes = Value(ShapePattern(), "'shape'").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        long[] shape = [.. sizes.Select(size => long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new FormatException($"{source}: the shape has '{size}'; expected whole numbers from 0."))];
        var header = new NpyHeader(TypeOf(type, source), shape, isFortranOrder, length);
        try
        {
            _ = header.DataLength;
            return header;
        }
        catch (OverflowException error)
        {
            throw new FormatException($"{source}: shape ({string.Join(", ", shape)}); its size overflows.", error);
        }
    }

    private static SafetensorsType TypeOf(string name, string source)
    {
        string safetensors = name switch
        {
            "<f2" => "F16",
            "<f4" => "F32",
            "<f8" => "F64",
            "|V2" or "<V2" => "BF16", // NumPy does not know bfloat16 and keeps its size alone
            "|b1" => "BOOL",
            "|i1" => "I8",
            "|u1" => "U8",
            "<i2" => "I16",
            "<u2" => "U16",
            "<i4" => "I32",
            "<u4" => "U32",
            "<i8" => "I64",
            "<u8" => "U64",
            "|O" => throw new FormatException($"{source}: an array of Python objects (dtype |O), a pickle, which runs code when it is read; it is refused."),
            _ => throw new FormatException($"{source}: dtype '{name}'; expected little-endian floats, whole numbers or booleans."),
        };
        return SafetensorsType.Find(safetensors)!;
    }

    [GeneratedRegex(@"'descr'\s*:\s*'([^']*)'")]
    private static partial Regex DescriptionPattern();

    [GeneratedRegex(@"'fortran_order'\s*:\s*(True|False)")]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"'shape'\s*:\s*\(([^)]*)\)")]
    private static partial Regex ShapePattern();
}
