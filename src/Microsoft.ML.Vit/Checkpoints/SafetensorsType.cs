using System.Collections.Immutable;
using TorchSharp;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>An element type of the safetensors format.</summary>
/// <param name="Name">As the header writes it.</param>
/// <param name="Bits">Size of an element.</param>
/// <param name="Torch">The type in memory; null where tensors of it are not read (they may still lie in a file beside others).</param>
internal sealed record SafetensorsType(string Name, int Bits, torch.ScalarType? Torch = null)
{
    /// <summary>All types, in the order of the reference implementation, whose writer puts later ones first.</summary>
    public static ImmutableArray<SafetensorsType> All { get; } =
    [
        new("BOOL", 8),
        new("F4", 4),
        new("F6_E2M3", 6),
        new("F6_E3M2", 6),
        new("U8", 8, torch.ScalarType.Byte),
        new("I8", 8, torch.ScalarType.Int8),
        new("F8_E5M2", 8),
        new("F8_E4M3", 8),
        new("F8_E8M0", 8),
        new("F8_E4M3FNUZ", 8),
        new("F8_E5M2FNUZ", 8),
        new("I16", 16, torch.ScalarType.Int16),
        new("U16", 16),
        new("F16", 16, torch.ScalarType.Float16),
        new("BF16", 16, torch.ScalarType.BFloat16),
        new("I32", 32, torch.ScalarType.Int32),
        new("U32", 32),
        new("F32", 32, torch.ScalarType.Float32),
        new("C64", 64),
        new("F64", 64, torch.ScalarType.Float64),
        new("I64", 64, torch.ScalarType.Int64),
        new("U64", 64),
    ];

    /// <summary>The type that the header calls so; null for none.</summary>
    public static SafetensorsType? Find(string? name) => All.FirstOrDefault(type => type.Name == name);

    /// <summary>The type of a tensor in memory.</summary>
    /// <exception cref="NotSupportedException">The format, or this reader, has no such type.</exception>
    public static SafetensorsType Of(torch.ScalarType torch) =>
        All.FirstOrDefault(type => type.Torch == torch) ?? throw new NotSupportedException($"Tensors of type {torch} cannot be written as safetensors.");
}
