using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Vit.Images;
using SkiaSharp;
using static Microsoft.ML.Vit.Tests.Images.ImageFiles;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class ImageColumnReaderTests
{
    private static readonly Preprocessing _small = new() { Size = new PixelSize(4, 6) };
    private static readonly byte[] _quarters = Quarters(SKEncodedImageFormat.Png, 4, 6, Red, Green, Blue, White);

    private readonly MLContext _ml = new(1);
    private string _folder = "";

    [TestInitialize]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("vit-images-").FullName;

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void BytesPathsAndImagesGiveTheSamePixels()
    {
        string path = Write("quarters.png", _quarters);
        using MLImage image = MLImage.CreateFromFile(path);
        byte[] expected = Pixels(_quarters);
        CollectionAssert.AreEqual(expected, ReadAll(_ml.Data.LoadFromEnumerable([new BytesRow { Features = _quarters }]), _small).Single());
        CollectionAssert.AreEqual(expected, ReadAll(Paths(path), _small).Single());
        CollectionAssert.AreEqual(expected, ReadAll(_ml.Data.LoadFromEnumerable([new ImageInput { Features = image }]), _small).Single());
        IDataView loaded = _ml.Transforms.LoadRawImageBytes("Features", _folder, "Features").Fit(Paths("quarters.png")).Transform(Paths("quarters.png"));
        CollectionAssert.AreEqual(expected, ReadAll(loaded, _small).Single());
    }

    [TestMethod]
    public void ImagesOfAnotherSizeAreResizedAlikeFromEveryKindOfColumn()
    {
        byte[] large = Quarters(SKEncodedImageFormat.Png, 40, 31, Red, Green, Blue, White);
        using PlanarImage decoded = ImageDecoder.Decode(large, 3);
        byte[] expected = new byte[72];
        new PixelResizer(Interpolation.Bicubic).Resize(decoded.Pixels, decoded.Size, expected, _small.Size, 3);
        using MLImage image = MLImage.CreateFromStream(new MemoryStream(large));
        CollectionAssert.AreEqual(expected, ReadAll(_ml.Data.LoadFromEnumerable([new BytesRow { Features = large }]), _small).Single());
        CollectionAssert.AreEqual(expected, ReadAll(_ml.Data.LoadFromEnumerable([new ImageInput { Features = image }]), _small).Single());
        Assert.AreEqual(40, image.Height);
    }

    [TestMethod]
    public void EveryKindOfImageIsCroppedButFloatsAreTakenAsTheyAre()
    {
        byte[] large = Quarters(SKEncodedImageFormat.Png, 40, 31, Red, Green, Blue, White);
        Preprocessing cropping = _small with { ResizeTo = 9, KeepAspectRatio = true };
        using PlanarImage decoded = ImageDecoder.Decode(large, 3);
        byte[] expected = new byte[72];
        new ImageFitter(cropping).Fit(decoded, expected);
        CollectionAssert.AreNotEqual(ReadAll(Paths(Write("large.png", large)), _small).Single(), expected);
        using MLImage image = MLImage.CreateFromStream(new MemoryStream(large));
        CollectionAssert.AreEqual(expected, ReadAll(_ml.Data.LoadFromEnumerable([new BytesRow { Features = large }]), cropping).Single());
        CollectionAssert.AreEqual(expected, ReadAll(_ml.Data.LoadFromEnumerable([new ImageInput { Features = image }]), cropping).Single());
        CollectionAssert.AreEqual(expected, ReadAll(Paths(Write("large.png", large)), cropping).Single());
        float[] values = [.. Enumerable.Range(0, 72)];
        byte[] floats = ReadAll(_ml.Data.LoadFromEnumerable([new FloatsRow { Features = new(72, values) }]), cropping with { RescaleFactor = 1 }).Single();
        CollectionAssert.AreEqual(values, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(floats).ToArray());
    }

    [TestMethod]
    public void GreyIsTheLumaOfEveryKindOfImage()
    {
        using MLImage image = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [255, 0, 0, 255, 0, 0, 255, 255]);
        var grey = new Preprocessing { Size = new(1, 2), Channels = 1 };
        CollectionAssert.AreEqual(new byte[] { 76, 29 }, ReadAll(_ml.Data.LoadFromEnumerable([new ImageInput { Features = image }]), grey).Single());
    }

    [TestMethod]
    [DataRow(MLPixelFormat.Rgba32, new byte[] { 200, 0, 100, 128 }, new byte[] { 227, 127, 177 })]
    [DataRow(MLPixelFormat.Bgra32, new byte[] { 200, 0, 100, 255 }, new byte[] { 100, 0, 200 })]
    [DataRow(MLPixelFormat.Rgba32, new byte[] { 100, 0, 50, 128 }, new byte[] { 227, 127, 177 })]
    [DataRow(MLPixelFormat.Rgba32, new byte[] { 0, 0, 0, 0 }, new byte[] { 255, 255, 255 })]
    [DataRow(MLPixelFormat.Rgba32, new byte[] { 10, 20, 30, 0 }, new byte[] { 10, 20, 30 })]
    public void AnImagesAlphaLiesOverWhiteMultipliedOrNot(MLPixelFormat format, byte[] pixel, byte[] expected)
    {
        using MLImage image = MLImage.CreateFromPixels(1, 1, format, pixel);
        var one = new Preprocessing { Size = 1 };
        CollectionAssert.AreEqual(expected, ReadAll(_ml.Data.LoadFromEnumerable([new ImageInput { Features = image }]), one).Single());
    }

    [TestMethod]
    public void FloatVectorsAreCopiedDenseOrSparse()
    {
        var two = new Preprocessing { Size = new(1, 2), Channels = 2, RescaleFactor = 1 };
        VBuffer<float>[] rows = [new(4, [1, -2, 3.5f, 0]), new(4, 2, [7, 8], [1, 3])];
        IDataView data = _ml.Data.LoadFromEnumerable(rows.Select(values => new FloatsRow { Features = values }));
        Assert.IsTrue(new ImageColumnReader(data.Schema["Features"], two).IsFloat);
        List<byte[]> read = ReadAll(data, two);
        CollectionAssert.AreEqual(new float[] { 1, -2, 3.5f, 0 }, MemoryMarshal.Cast<byte, float>(read[0]).ToArray());
        CollectionAssert.AreEqual(new float[] { 0, 7, 0, 8 }, MemoryMarshal.Cast<byte, float>(read[1]).ToArray());
    }

    [TestMethod]
    public void SparseBytesAreReadToo()
    {
        (int[] indices, byte[] values) = ([.. Enumerable.Range(0, _quarters.Length).Where(i => _quarters[i] != 0)], [.. _quarters.Where(value => value != 0)]);
        IDataView data = _ml.Data.LoadFromEnumerable([new SparseBytesRow { Features = new(_quarters.Length, values.Length, values, indices) }]);
        CollectionAssert.AreEqual(Pixels(_quarters), ReadAll(data, _small).Single());
    }

    [TestMethod]
    public void AMissingFileIsNamedWithItsRow()
    {
        string good = Write("good.png", _quarters);
        string missing = Path.Combine(_folder, "nowhere.png");
        FileNotFoundException error = Assert.ThrowsExactly<FileNotFoundException>(() => ReadAll(Paths(good, missing), _small));
        StringAssert.Contains(error.Message, "row 1");
        StringAssert.Contains(error.Message, missing);
        Assert.AreEqual(missing, error.FileName);

        IDataView loaded = _ml.Transforms.LoadImages("Features", "", "Features").Fit(Paths(good)).Transform(Paths(good, missing));
        error = Assert.ThrowsExactly<FileNotFoundException>(() => ReadAll(loaded, _small));
        StringAssert.Contains(error.Message, "row 1");
        StringAssert.Contains(error.Message, missing);
        Assert.IsInstanceOfType<FileNotFoundException>(error.InnerException);
    }

    [TestMethod]
    public void ACorruptFileIsNamedWithItsRow()
    {
        string corrupt = Write("corrupt.jpg", [1, 2, 3, 4]);
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => ReadAll(Paths(corrupt), _small));
        StringAssert.Contains(error.Message, $"The image of row 0 (column 'Features') cannot be read: {corrupt}: Not a JPEG");
        IDataView loaded = _ml.Transforms.LoadImages("Features", "", "Features").Fit(Paths(corrupt)).Transform(Paths(corrupt));
        error = Assert.ThrowsExactly<InvalidDataException>(() => ReadAll(loaded, _small));
        StringAssert.Contains(error.Message, "row 0");
        Assert.IsNotNull(error.InnerException);
    }

    [TestMethod]
    public void InvalidRowsCanBeLeftOut()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(new byte[][] { _quarters, [], _quarters[..60], _quarters }.Select(bytes => new BytesRow { Features = bytes }));
        var reader = new ImageColumnReader(data.Schema["Features"], _small);
        using DataViewRowCursor cursor = data.GetRowCursor(reader.ColumnsToRead(data.Schema));
        RowImageReader row = reader.For(cursor);
        byte[] pixels = new byte[reader.ImageBytes];
        var valid = new List<bool>();
        while (cursor.MoveNext())
        {
            valid.Add(row.TryRead(pixels, out Exception? invalid));
            Assert.AreEqual(valid[^1], invalid is null);
        }
        CollectionAssert.AreEqual(new[] { true, false, false, true }, valid);
    }

    [TestMethod]
    public void NullEmptyAndNonFiniteValuesAreInvalid()
    {
        Refused(_ml.Data.LoadFromEnumerable([new ImageInput()]), "null");
        Refused(Paths(" "), "empty");
        Refused(_ml.Data.LoadFromEnumerable([new BytesRow { Features = [] }]), "empty");
        var one = new Preprocessing { Size = 1, Channels = 1 };
        Refused(_ml.Data.LoadFromEnumerable([new FloatsRow { Features = new(1, [float.NaN]) }]), "NaN at index 0", one);
        Refused(_ml.Data.LoadFromEnumerable([new FloatsRow { Features = new(3, [1, 2, 3]) }]), "3 floats; expected 1", one);
        Refused(Paths(_folder), _folder);
    }

    [TestMethod]
    public void CancellationAndLackOfMemoryPassThrough()
    {
        var row = new ImageRow<string>("Features", TextDataViewType.Instance) { Failure = new OperationCanceledException() };
        RowImageReader reader = new ImageColumnReader(row.Schema["Features"], _small).For(row);
        Assert.AreSame(row.Failure, Assert.ThrowsExactly<OperationCanceledException>(() => reader.TryRead(new byte[72], out _)));
        row.Failure = new OutOfMemoryException();
        Assert.AreSame(row.Failure, Assert.ThrowsExactly<OutOfMemoryException>(() => reader.TryRead(new byte[72], out _)));
        row.Failure = new FormatException("bad");
        Assert.IsFalse(reader.TryRead(new byte[72], out Exception? invalid));
        Assert.AreSame(row.Failure, invalid.InnerException);
    }

    private void Refused(IDataView data, string text, Preprocessing? preprocessing = null) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ReadAll(data, preprocessing ?? _small)).Message, text);

    private static List<byte[]> ReadAll(IDataView data, Preprocessing preprocessing)
    {
        var reader = new ImageColumnReader(data.Schema["Features"], preprocessing);
        using DataViewRowCursor cursor = data.GetRowCursor(reader.ColumnsToRead(data.Schema));
        RowImageReader row = reader.For(cursor);
        var images = new List<byte[]>();
        while (cursor.MoveNext())
        {
            byte[] pixels = new byte[reader.ImageBytes];
            row.Read(pixels);
            images.Add(pixels);
        }
        return images;
    }

    private static byte[] Pixels(byte[] encoded)
    {
        using PlanarImage image = ImageDecoder.Decode(encoded, 3);
        return image.Pixels.ToArray();
    }

    private IDataView Paths(params string[] paths) => _ml.Data.LoadFromEnumerable(paths.Select(path => new PathRow { Features = path }));

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private sealed class PathRow
    {
        public string Features { get; set; } = "";
    }

    private sealed class BytesRow
    {
        public byte[] Features { get; set; } = [];
    }

    private sealed class SparseBytesRow
    {
        public VBuffer<byte> Features { get; set; }
    }

    private sealed class FloatsRow
    {
        public VBuffer<float> Features { get; set; }
    }

    private sealed class ImageInput
    {
        // The attribute without a size throws in ML.NET; nothing holds images to the size given.
        [ImageType(4, 6)]
        public MLImage? Features { get; set; }
    }
}
