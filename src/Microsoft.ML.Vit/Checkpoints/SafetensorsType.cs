using System.Collections.Immutable;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>An element type of the safetensors format.</summary>
/// <param name="Name">As the header writes it.</param>
/// <param name="Bits">Size of an element.</param>
/// <param name="Torch">The type in memory; null where tensors of it are not read (they may still lie in a file beside others).</param>
internal sealed record SafetensorsType(string Name, int Bits, ScalarType? Torch = null)
{
    /// <summary>All types, in the order of the reference implementation, whose writer puts later ones first.</summary>
    public static ImmutableArray<SafetensorsType> All { get; } =
    [
        new("BOOL", 8, ScalarType.Bool) { Carrier = ScalarType.Byte },
        new("F4", 4),
        new("F6_E2M3", 6),
        new("F6_E3M2", 6),
        new("U8", 8, ScalarType.Byte),
        new("I8", 8, ScalarType.Int8),
        new("F8_E5M2", 8),
        new("F8_E4M3", 8),
        new("F8_E8M0", 8),
        new("F8_E4M3FNUZ", 8),
        new("F8_E5M2FNUZ", 8),
        new("I16", 16, ScalarType.Int16),
        new("U16", 16) { Carrier = ScalarType.Int16 },
        new("F16", 16, ScalarType.Float16),
        new("BF16", 16, ScalarType.BFloat16),
        new("I32", 32, ScalarType.Int32),
        new("U32", 32) { Carrier = ScalarType.Int32 },
        new("F32", 32, ScalarType.Float32),
        new("C64", 64),
        new("F64", 64, ScalarType.Float64),
        new("I64", 64, ScalarType.Int64),
        new("U64", 64) { Carrier = ScalarType.Int64 },
    ];

    /// <summary>What the bytes are read as, where libtorch has no such type or cannot take any bytes for it.</summary>
    public ScalarType? Carrier { get; private init; }

    /// <summary>The type that the header calls so; null for none.</summary>
    public static SafetensorsType? Find(string? name) => All.FirstOrDefault(type => type.Name == name);

    /// <summary>The type of a tensor in memory.</summary>
    /// <exception cref="NotSupportedException">The format, or this reader, has no such type.</exception>
    public static SafetensorsType Of(ScalarType torch) =>
        All.FirstOrDefault(type => type.Torch == torch) ?? throw new NotSupportedException($"Tensors of type {torch} cannot be written as safetensors.");

    /// <summary>Whether bytes of this type are a tensor of its type as they are.</summary>
    public bool IsReadAsIs => Torch is not null && Carrier is null;

    /// <summary>Makes a tensor in which the bytes lie as <see cref="Carrier"/> one that holds their values: booleans, or the next wider number.</summary>
    public Tensor Decode(Tensor carried)
    {
        using var scope = NewDisposeScope();
        Tensor decoded = Name switch
        {
            "BOOL" => carried.ne(0),
            "U16" => carried.to(ScalarType.Int32).bitwise_and(0xFFFF),
            "U32" => carried.to(ScalarType.Int64).bitwise_and(0xFFFF_FFFFL),
            // Halved without its sign, for there is no wider whole number; a float has no room for the last bit anyway.
            "U64" => (carried.bitwise_right_shift(1).bitwise_and(long.MaxValue).to(ScalarType.Float64) * 2) + carried.bitwise_and(1).to(ScalarType.Float64),
            _ => throw new InvalidOperationException($"Bytes of {Name} need no decoding."),
        };
        return decoded.MoveToOuterDisposeScope();
    }
}
