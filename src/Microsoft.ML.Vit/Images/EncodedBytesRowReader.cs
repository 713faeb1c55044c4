using System.Buffers;
using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Images;

/// <summary>Reads encoded images from a column of byte vectors.</summary>
internal sealed class EncodedBytesRowReader(DataViewRow row, DataViewSchema.Column column, Preprocessing preprocessing) : RowImageReader(row, column)
{
    private readonly ValueGetter<VBuffer<byte>> _getter = row.GetGetter<VBuffer<byte>>(column);
    private readonly ImageFitter _fitter = new(preprocessing);
    private VBuffer<byte> _encoded;

    private protected override void ReadPixels(Span<byte> destination)
    {
        _getter(ref _encoded);
        if (_encoded.IsDense)
        {
            Decode(_encoded.GetValues(), destination);
            return;
        }
        byte[] dense = ArrayPool<byte>.Shared.Rent(_encoded.Length);
        try
        {
            _encoded.CopyTo(dense);
            Decode(dense.AsSpan(0, _encoded.Length), destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(dense);
        }
    }

    private void Decode(ReadOnlySpan<byte> encoded, Span<byte> destination)
    {
        using PlanarImage image = ImageDecoder.Decode(encoded, preprocessing.Channels);
        _fitter.Fit(image, destination);
    }
}
