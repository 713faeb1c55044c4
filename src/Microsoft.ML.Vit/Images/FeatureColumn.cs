using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Vit.Images;

/// <summary>Which column types images are read from, and what a type alone tells about them.</summary>
internal static class FeatureColumn
{
    private const string Expected = "image (MLImage), vector of bytes (encoded image), text (path) or vector of floats (channels x height x width)";

    /// <summary>Finds the column and checks that it is fit for the preprocessing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, or images cannot be read from it.</exception>
    public static DataViewSchema.Column Find(IExceptionContext context, DataViewSchema schema, string name, Preprocessing preprocessing)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name) ?? throw context.ExceptSchemaMismatch(nameof(schema), "feature", name);
        Check(column, preprocessing);
        return column;
    }

    /// <summary>Checks the type of the column of a data view.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Images cannot be read from such a column.</exception>
    public static void Check(DataViewSchema.Column column)
    {
        if (KindOf(column.Type) is null)
        {
            throw Mismatch(column.Name, Expected, column.Type.ToString()!);
        }
    }

    /// <summary>Checks the type of the column of an estimator's input.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Images cannot be read from such a column.</exception>
    public static void Check(SchemaShape.Column column)
    {
        bool scalar = column.Kind == SchemaShape.Column.VectorKind.Scalar;
        bool accepted = !column.IsKey && (scalar
            ? column.ItemType is ImageDataViewType or TextDataViewType
            : column.ItemType.Equals(NumberDataViewType.Byte) || column.ItemType.Equals(NumberDataViewType.Single));
        if (!accepted)
        {
            throw Mismatch(column.Name, Expected, column.GetTypeString());
        }
    }

    /// <summary>Checks that the column is fit for the preprocessing: a float vector of known length must have that of the network's input, images 1 or 3 channels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public static void Check(DataViewSchema.Column column, Preprocessing preprocessing)
    {
        Check(column);
        (PixelSize size, int channels) = (preprocessing.Size, preprocessing.Channels);
        if (KindOf(column.Type) != ImageColumnKind.Floats)
        {
            if (channels is not (1 or 3))
            {
                throw Mismatch(column.Name, string.Create(CultureInfo.InvariantCulture, $"vector of floats for {channels} channels (images have 1 or 3)"), column.Type.ToString()!);
            }
        }
        else if (column.Type.GetVectorSize() is > 0 and int found && channels * size.Height * size.Width is int length && found != length)
        {
            throw Mismatch(column.Name, string.Create(CultureInfo.InvariantCulture, $"vector of {length} floats ({channels} channels x {size})"), column.Type.ToString()!);
        }
    }

    /// <summary>What a column of this type holds, or null where it cannot hold images.</summary>
    public static ImageColumnKind? KindOf(DataViewType type) => type switch
    {
        ImageDataViewType => ImageColumnKind.Images,
        TextDataViewType => ImageColumnKind.Paths,
        VectorDataViewType vector when vector.ItemType.Equals(NumberDataViewType.Byte) => ImageColumnKind.EncodedBytes,
        VectorDataViewType vector when vector.ItemType.Equals(NumberDataViewType.Single) => ImageColumnKind.Floats,
        _ => null,
    };

    /// <summary>The size that all images of the column have by its type (an MLImage column of fixed size), or null where the type leaves it open.</summary>
    public static PixelSize? FixedSize(DataViewType type) =>
        type is ImageDataViewType { Height: > 0, Width: > 0 } image ? new PixelSize(image.Height, image.Width) : null;

    private static Exception Mismatch(string name, string expected, string actual) =>
        Contracts.ExceptSchemaMismatch("inputSchema", "feature", name, expected, actual);
}
