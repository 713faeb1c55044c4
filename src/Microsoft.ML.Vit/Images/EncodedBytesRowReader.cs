using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Images;

/// <summary>Reads encoded images from a column of byte vectors.</summary>
internal sealed class EncodedBytesRowReader(DataViewRow row, DataViewSchema.Column column, Func<ImageFitter> newFitter) : EncodedRowReader(row, column, newFitter)
{
    private readonly ValueGetter<VBuffer<byte>> _getter = row.GetGetter<VBuffer<byte>>(column);

    private protected override void TakeValue(EncodedImage image) => _getter(ref image.Bytes);
}
