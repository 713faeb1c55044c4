using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class FeatureColumnTests
{
    private static IEnumerable<object[]> Accepted =>
    [
        [new ImageDataViewType()], [new ImageDataViewType(4, 6)], [TextDataViewType.Instance], [new VectorDataViewType(NumberDataViewType.Byte)],
        [new VectorDataViewType(NumberDataViewType.Byte, 100)], [new VectorDataViewType(NumberDataViewType.Single)], [new VectorDataViewType(NumberDataViewType.Single, 3, 4, 6)],
    ];

    private static IEnumerable<object[]> Refused =>
    [
        [NumberDataViewType.Single, "Single"], [new VectorDataViewType(NumberDataViewType.Double, 72), "Vector<Double, 72>"], [new KeyDataViewType(typeof(uint), 3), "Key<UInt32, 0-2>"],
        [new VectorDataViewType(new KeyDataViewType(typeof(byte), 3), 72), "Vector<Key<Byte, 0-2>, 72>"], [new VectorDataViewType(TextDataViewType.Instance), "Vector<String>"],
    ];

    [TestMethod]
    [DynamicData(nameof(Accepted))]
    public void ImagesCanBeReadFromTheseTypes(DataViewType type)
    {
        DataViewSchema.Column column = Column(type);
        FeatureColumn.Check(column, new Preprocessing { Size = new(4, 6) });
        FeatureColumn.Check(ShapeOf(column));
    }

    [TestMethod]
    [DynamicData(nameof(Refused))]
    public void OtherTypesAreNamedInTheError(DataViewType type, string name)
    {
        const string Expected = "Schema mismatch for feature column 'Features': expected image (MLImage), vector of bytes (encoded image), text (path) or vector of floats (channels x height x width), got ";
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FeatureColumn.Check(Column(type)));
        StringAssert.StartsWith(error.Message, Expected + name);
        error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FeatureColumn.Check(ShapeOf(Column(type))));
        StringAssert.StartsWith(error.Message, Expected);
    }

    [TestMethod]
    public void AFloatVectorOfAnotherLengthIsRefused()
    {
        DataViewSchema.Column column = Column(new VectorDataViewType(NumberDataViewType.Single, 75));
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ImageColumnReader(column, new Preprocessing { Size = new(4, 6) }));
        StringAssert.Contains(error.Message, "expected vector of 72 floats (3 channels x 4x6), got Vector<Single, 75>");
    }

    [TestMethod]
    public void ImagesHaveOneOrThreeChannels()
    {
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ImageColumnReader(Column(new ImageDataViewType()), new Preprocessing { Channels = 4 }));
        StringAssert.Contains(error.Message, "4 channels");
    }

    [TestMethod]
    public void OnlyAnImageTypeOfFixedSizeTellsTheSize()
    {
        Assert.AreEqual(new PixelSize(4, 6), FeatureColumn.FixedSize(new ImageDataViewType(4, 6)));
        Assert.IsNull(FeatureColumn.FixedSize(new ImageDataViewType()));
        Assert.IsNull(FeatureColumn.FixedSize(new VectorDataViewType(NumberDataViewType.Single, 3, 4, 6)));
    }

    private static DataViewSchema.Column Column(DataViewType type)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Features", type);
        return builder.ToSchema()[0];
    }

    // As ML.NET describes the column to estimators; it keeps the way there to itself.
    private static SchemaShape.Column ShapeOf(DataViewSchema.Column column)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn(column.Name, column.Type);
        MethodInfo create = typeof(SchemaShape).GetMethod("Create", BindingFlags.NonPublic | BindingFlags.Static)!;
        return ((SchemaShape)create.Invoke(null, [builder.ToSchema()])!)[0];
    }
}
