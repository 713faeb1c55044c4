using System.Runtime.InteropServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Images;

/// <summary>Reads channels x height x width floats, as ExtractPixels gives them, from a column of float vectors.</summary>
internal sealed class FloatsRowReader(DataViewRow row, DataViewSchema.Column column, Preprocessing preprocessing) : RowImageReader(row, column)
{
    private readonly ValueGetter<VBuffer<float>> _getter = row.GetGetter<VBuffer<float>>(column);
    private VBuffer<float> _values;

    private protected override void ReadPixels(Span<byte> destination)
    {
        _getter(ref _values);
        Span<float> pixels = MemoryMarshal.Cast<byte, float>(destination);
        if (_values.Length != pixels.Length)
        {
            throw new InvalidDataException($"The vector has {_values.Length} floats; expected {pixels.Length} ({preprocessing.Channels} channels x {preprocessing.Size}).");
        }
        _values.CopyTo(pixels);
        for (int i = 0; i < pixels.Length; i++)
        {
            if (!float.IsFinite(pixels[i]))
            {
                throw new InvalidDataException($"The vector has {pixels[i]} at index {i}; expected finite values.");
            }
        }
    }
}
