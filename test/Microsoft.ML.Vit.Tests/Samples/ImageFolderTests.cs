using System.Formats.Tar;
using System.IO.Compression;
using Vit.Samples;

namespace Microsoft.ML.Vit.Tests.Samples;

[TestClass]
public sealed class ImageFolderTests
{
    private static readonly byte[] Content = [1, 2, 3];

    [TestMethod]
    public void WrappedClassesAreFoundAndUnpackedFilesGo()
    {
        using var folder = new TemporaryFolder();
        string archive = Archive(folder["x.tar.gz"], "top/LICENSE.txt", "top/daisy/b.jpg", "top/daisy/a.JPG", "top/rose/c.png");
        string unpacked;
        using (ImageFolder images = ImageFolder.Open(archive))
        {
            unpacked = images.Folder;
            CollectionAssert.AreEqual(new[] { "a.JPG", "b.jpg", "c.png" }, images.Images.Select(Path.GetFileName).ToArray());
            CollectionAssert.AreEqual(Content, File.ReadAllBytes(images.Images.First()));
        }
        Assert.IsFalse(Directory.Exists(unpacked));
    }

    [TestMethod]
    [DataRow("x.tar.gz/train")]
    [DataRow("x.tar.gz#train")]
    [DataRow("x.tar.gz/train/")]
    public void FolderInsideArchiveIsNamedBehindIt(string location)
    {
        using var folder = new TemporaryFolder();
        Archive(folder["x.tar.gz"], "./train/a/1.png", "./train/b/2.png", "./test/a/3.png", "./training/a/4.png");
        using ImageFolder images = ImageFolder.Open(folder[location]);
        CollectionAssert.AreEqual(new[] { "1.png", "2.png" }, images.Images.Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void AmbiguousArchiveListsItsFolders()
    {
        using var folder = new TemporaryFolder();
        string archive = Archive(folder["x.tar.gz"], "train/a/1.png", "test/a/3.png");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFolder.Open(archive));
        StringAssert.Contains(error.Message, "test, train");
    }

    [TestMethod]
    [DataRow("../outside/a/1.png")]
    [DataRow("a/../../outside/1.png")]
    [DataRow("/outside/a/1.png")]
    public void EntryOutsideArchiveIsRefused(string name)
    {
        using var folder = new TemporaryFolder();
        string archive = Archive(folder["x.tar.gz"], name);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFolder.Open(archive));
        StringAssert.Contains(error.Message, name);
    }

    [TestMethod]
    public void LinksAreNotUnpacked()
    {
        using var folder = new TemporaryFolder();
        using (FileStream file = File.Create(folder["x.tar.gz"]))
        using (var gzip = new GZipStream(file, CompressionLevel.Fastest))
        using (var tar = new TarWriter(gzip))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "a/link.png") { LinkName = folder["secret.png"] });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "a/1.png") { DataStream = new MemoryStream(Content) });
        }
        using ImageFolder images = ImageFolder.Open(folder["x.tar.gz"]);
        CollectionAssert.AreEqual(new[] { "1.png" }, images.Images.Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void TruncatedArchiveIsNamed()
    {
        using var folder = new TemporaryFolder();
        string archive = Archive(folder["x.tar.gz"], "a/1.png", "b/2.png");
        File.WriteAllBytes(archive, File.ReadAllBytes(archive)[..60]);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ImageFolder.Open(archive));
        StringAssert.Contains(error.Message, archive);
    }

    [TestMethod]
    public void MissingFolderIsNamed()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.ThrowsExactly<DirectoryNotFoundException>(() => ImageFolder.Open(folder["none"]));
        StringAssert.Contains(error.Message, folder["none"]);
    }

    private static string Archive(string path, params string[] names)
    {
        using FileStream file = File.Create(path);
        using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        using var tar = new TarWriter(gzip);
        foreach (string name in names)
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Content) });
        }
        return path;
    }
}
