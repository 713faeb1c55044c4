using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Batching;

namespace Microsoft.ML.Vit.Tests.Batching;

[TestClass]
public class PixelStorageTests
{
    [TestMethod]
    public void ImagesAreTheSameWhereverTheyLie()
    {
        byte[][] expected = [.. TestImages.Pixels(40).Select(row => MemoryMarshal.AsBytes(row.Features.AsSpan()).ToArray())];
        int[] order = [.. Enumerable.Range(0, 40)];
        foreach (PixelSetup setup in PixelSetup.Places())
        {
            using (setup)
            {
                LabeledImages images = setup.Read(40);
                for (int pass = 0; pass < 2; pass++)
                {
                    byte[][] found = PixelSetup.Pixels(images, order);
                    Assert.IsTrue(expected.Zip(found).All(pair => pair.First.SequenceEqual(pair.Second)), images.Images.ToString());
                }
                CollectionAssert.AreEqual(order.Select(i => i % 3).ToArray(), images.Labels.ToArray());
            }
        }
    }

    [TestMethod]
    public void TheLogSaysOnceThatAFileIsUsed()
    {
        using var setup = new PixelSetup(100);
        setup.Read(40);
        Assert.IsEmpty(setup.Log.Where(line => line.Contains("PixelCacheBytes")));
        setup.Read(90);
        setup.Read(70, "validation");
        string line = setup.Log.Single(line => line.Contains("PixelCacheBytes"));
        StringAssert.StartsWith(line, "Info");
        StringAssert.Contains(line, "60 images fill the 1 MB");
        StringAssert.Contains(line, "temporary file in " + Path.GetTempPath());
    }

    [TestMethod]
    public void TheLogSaysOnceThatTheDiskIsShortAndImagesAreDecodedAgain()
    {
        using var setup = new PixelSetup(10, PixelSetup.NoDisk);
        Assert.IsInstanceOfType<PixelStream>(setup.Read(40).Images);
        Assert.IsInstanceOfType<PixelStream>(setup.Read(20, "validation").Images);
        string line = setup.Log.Single(line => line.Contains("PixelCacheBytes"));
        StringAssert.StartsWith(line, "Warning");
        StringAssert.Contains(line, "has 0 MB to spare");
        StringAssert.Contains(line, "decoded again each epoch");
    }

    [TestMethod]
    public void AFileThatCannotBeMadeIsDoneWithout()
    {
        using var setup = new PixelSetup(0, new TemporaryDisk(Path.Combine(Path.GetTempPath(), "vit-no-such-folder"), null));
        Assert.IsInstanceOfType<PixelStream>(setup.Read(12).Images);
        StringAssert.Contains(setup.Log.Single(line => line.StartsWith("Warning", StringComparison.Ordinal)), "vit-no-such-folder");
    }

    [TestMethod]
    public void ADiskThatFillsUpMidwayIsDoneWithoutAndGetsItsRoomBack()
    {
        using var folder = new TemporaryFolder();
        using var setup = new PixelSetup(0, new TemporaryDisk(folder.Path, 30 * PixelSetup.ImageBytes));
        Assert.IsInstanceOfType<PixelCache>(setup.Read(20).Images);
        // Half of these fit.
        LabeledImages later = setup.Read(20, "validation");
        Assert.IsInstanceOfType<PixelStream>(later.Images);
        Assert.HasCount(20, PixelSetup.Pixels(later, [.. Enumerable.Range(0, 20)]));
    }

    [TestMethod]
    public void TheFileCannotBeSeenAndIsGoneAtTheEnd()
    {
        using var folder = new TemporaryFolder();
        using (var setup = new PixelSetup(0, TemporaryDisk.Of(folder.Path)))
        {
            LabeledImages images = setup.Read(20);
            Assert.IsInstanceOfType<PixelCache>(images.Images);
            Assert.HasCount(OperatingSystem.IsWindows() ? 1 : 0, Directory.GetFiles(folder.Path));
        }
        Assert.IsEmpty(Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void FilesOfProcessesThatHaveEndedAreRemovedByTheNext()
    {
        using var folder = new TemporaryFolder();
        using var ended = Process.Start("dotnet", "--version");
        ended.WaitForExit();
        string abandoned = folder[$"vit-pixels-{ended.Id}-0123.tmp"];
        string inUse = folder[$"vit-pixels-{Environment.ProcessId}-0123.tmp"];
        string formerNamesake = folder[$"vit-pixels-{Environment.ProcessId}-4567.tmp"];
        string other = folder["vit-pixels-mine.tmp"];
        foreach (string file in (string[])[abandoned, inUse, formerNamesake, other])
        {
            File.WriteAllText(file, "pixels");
        }
        File.SetLastWriteTimeUtc(formerNamesake, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        PixelFile.Create(folder.Path).Dispose();
        CollectionAssert.AreEquivalent((string[])[inUse, other], Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void MemoryStaysWithinTheBudgetWhateverTheNumberOfImages()
    {
        const int Images = 40_000; // 123 MB
        using var setup = new PixelSetup(5_000); // 15 MB
        IEnumerable<PixelRow> rows = Enumerable.Range(0, Images).Select(i => new PixelRow { Label = i % 2 == 0 ? "a" : "b", Features = new float[3 * 16 * 16] });
        IDataView data = setup.ML.Data.LoadFromEnumerable(rows);
        data = setup.ML.Transforms.Conversion.MapValueToKey("Label").Fit(setup.ML.Data.TakeRows(data, 10)).Transform(data);
        setup.Read(setup.ML.Data.TakeRows(data, 1000));
        long before = Leaks.ResidentMemory();
        LabeledImages images = setup.Read(data, "validation");
        long grown = Leaks.ResidentMemory() - before;
        Assert.AreEqual(Images, images.Count);
        Assert.IsLessThan(50 << 20, grown);
    }
}
