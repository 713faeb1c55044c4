using System.Runtime.Versioning;
using Microsoft.ML.Vit.Interop;

namespace Microsoft.ML.Vit.Tests.Interop;

[TestClass]
[SupportedOSPlatform("linux")]
public class CompatibleBindingTests
{
    private const string Variable = "XDG_CACHE_HOME";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private string? _cache;
    private TemporaryFolder? _folder;

    [TestInitialize]
    public void UseAnEmptyCache()
    {
        _ = Binding.Original;
        _folder = new TemporaryFolder();
        _cache = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, _folder["cache"]);
    }

    [TestCleanup]
    public void UseTheUsersCache()
    {
        if (_folder is not null)
        {
            Environment.SetEnvironmentVariable(Variable, _cache);
            _folder.Dispose();
        }
    }

    [TestMethod]
    public void TheCopyIsWrittenOnceIntoAPrivateCacheFolder()
    {
        (string path, bool isTemporary) = CompatibleBinding.PathFor(Binding.Original);
        Assert.IsFalse(isTemporary);
        Assert.AreEqual(_folder!["cache", "Microsoft.ML.Vit"], Path.GetDirectoryName(path));
        Assert.AreEqual(Private, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
        CollectionAssert.AreEqual(Expected(), File.ReadAllBytes(path));

        DateTime written = File.GetLastWriteTimeUtc(path);
        Assert.AreEqual(path, CompatibleBinding.PathFor(Binding.Original).Path);
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(path));
        Assert.HasCount(1, Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!));
    }

    [TestMethod]
    public void ADamagedCopyIsReplaced()
    {
        byte[] expected = Expected();
        string path = CompatibleBinding.PathFor(Binding.Original).Path;
        byte[] flipped = [.. expected];
        flipped[expected.Length / 2] ^= 1;
        foreach (byte[] damaged in new[] { flipped, expected[..1000], [] })
        {
            File.WriteAllBytes(path, damaged);
            Assert.AreEqual(path, CompatibleBinding.PathFor(Binding.Original).Path);
            CollectionAssert.AreEqual(expected, File.ReadAllBytes(path));
        }
    }

    [TestMethod]
    public void ACacheFolderThatOthersMayWriteToIsClosedToThem()
    {
        string folder = Directory.CreateDirectory(_folder!["cache", "Microsoft.ML.Vit"]).FullName;
        File.SetUnixFileMode(folder, Private | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        CompatibleBinding.PathFor(Binding.Original);
        Assert.AreEqual(Private, File.GetUnixFileMode(folder));
    }

    [TestMethod]
    public void WithoutAUsableCacheAPrivateTemporaryFolderServes()
    {
        // A file in the folder's place stands for a home that cannot be written to: permissions do not keep root out.
        File.WriteAllText(_folder!["cache"], "");
        (string path, bool isTemporary) = CompatibleBinding.PathFor(Binding.Original);
        Assert.IsTrue(isTemporary);
        string folder = Path.GetDirectoryName(path)!;
        try
        {
            StringAssert.StartsWith(folder, Path.Combine(Path.GetTempPath(), "Microsoft.ML.Vit-"));
            Assert.AreEqual(Private, File.GetUnixFileMode(folder));
            CollectionAssert.AreEqual(Expected(), File.ReadAllBytes(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void AnUnknownLibraryIsNamedAndLeavesNothingInTheCache()
    {
        string other = _folder!["libOther.so"];
        File.WriteAllBytes(other, new byte[100]);
        DllNotFoundException e = Assert.ThrowsExactly<DllNotFoundException>(() => CompatibleBinding.PathFor(other));
        StringAssert.Contains(e.Message, other);
        Assert.IsFalse(Directory.Exists(_folder["cache"]));
    }

    private static byte[] Expected()
    {
        byte[] bytes = File.ReadAllBytes(Binding.Original);
        GlibcxxRequirement.Lower(bytes);
        return bytes;
    }
}
