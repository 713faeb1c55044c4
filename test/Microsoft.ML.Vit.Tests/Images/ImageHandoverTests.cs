using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Vit.Images;
using SkiaSharp;
using static Microsoft.ML.Vit.Tests.Images.ImageFiles;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class ImageHandoverTests
{
    private readonly MLContext _ml = new(1);

    [TestMethod]
    [DataRow(16, 16)]
    [DataRow(20, 16)]
    public void ImagesThatTransformsMakeAreDisposedWithTheNextRow(int side, int resized)
    {
        string folder = Directory.CreateTempSubdirectory("vit-handover-").FullName;
        File.WriteAllBytes(Path.Combine(folder, "a.png"), Quarters(SKEncodedImageFormat.Png, side, side, Red, Green, Blue, White));
        IDataView paths = _ml.Data.LoadFromEnumerable(Enumerable.Repeat(new { Path = "a.png" }, 4));
        IDataView images = _ml.Transforms.LoadImages("Image", folder, "Path").Append(_ml.Transforms.ResizeImages("Features", resized, resized, "Image")).Fit(paths).Transform(paths);
        foreach (string name in new[] { "Image", "Features" })
        {
            List<MLImage> seen = ReadAll(images, name);
            Assert.IsTrue(seen.SkipLast(1).All(IsDisposed), name);
        }
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public void ImagesOfTheUserSurviveAResizeThatHandsThemOn()
    {
        MLImage[] images = [Image(16), Image(20), Image(16), Image(16), Image(20), Image(16)];
        IDataView rows = _ml.Data.LoadFromEnumerable(images.Select(image => new Input { Image = image }));
        IDataView resized = _ml.Transforms.ResizeImages("Features", 16, 16, "Image").Fit(rows).Transform(rows);
        List<MLImage> seen = ReadAll(resized, "Features");
        Assert.IsFalse(images.Any(IsDisposed));
        CollectionAssert.AreEqual(new[] { true, false, true, true, false, true }, images.Zip(seen, ReferenceEquals).ToArray());
        // The two that were made are not left lying.
        Assert.IsTrue(IsDisposed(seen[1]) && IsDisposed(seen[4]));
        Assert.IsFalse(ReadAll(rows, "Image").Any(IsDisposed));
    }

    [TestMethod]
    public void ImagesOfTheUserSurviveAPredictionEnginesRows()
    {
        var row = new ImageRow<MLImage>("Features", new ImageDataViewType());
        ITransformer resize = _ml.Transforms.ResizeImages("Features", 16, 16, "Features").Fit(_ml.Data.LoadFromEnumerable([new Named { Features = Image(16) }]));
        IRowToRowMapper mapper = resize.GetRowToRowMapper(row.Schema);
        using DataViewRow mapped = mapper.GetRow(row, [mapper.OutputSchema["Features"]]);
        RowImageReader reader = new ImageColumnReader(mapped.Schema["Features"], new Preprocessing { Size = 16 }).For(mapped);
        MLImage[] images = [Image(16), Image(16), Image(20), Image(16)];
        byte[] pixels = new byte[3 * 16 * 16];
        foreach (MLImage image in images.Concat(images))
        {
            row.Value = image;
            reader.Read(pixels);
        }
        Assert.IsFalse(images.Any(IsDisposed));
    }

    private static List<MLImage> ReadAll(IDataView data, string name)
    {
        var reader = new ImageColumnReader(data.Schema[name], new Preprocessing { Size = 16 });
        using DataViewRowCursor cursor = data.GetRowCursor(reader.ColumnsToRead(data.Schema));
        var handover = new ImageHandover(cursor, data.Schema[name]);
        var images = new List<MLImage>();
        while (cursor.MoveNext())
        {
            images.Add(handover.Next()!);
            Assert.IsFalse(IsDisposed(images[^1]));
        }
        return images;
    }

    private static MLImage Image(int side) => MLImage.CreateFromPixels(side, side, MLPixelFormat.Bgra32, new byte[side * side * 4]);

    private static bool IsDisposed(MLImage image)
    {
        try
        {
            return image.Width == 0;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private sealed class Input
    {
        [ImageType(16, 16)]
        public MLImage? Image { get; set; }
    }

    private sealed class Named
    {
        [ImageType(16, 16)]
        public MLImage? Features { get; set; }
    }
}
