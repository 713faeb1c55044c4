using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests.Interop;

/// <summary>How libtorch comes into a fresh process: from the program's package, from LIBTORCH, or not at all.</summary>
[TestClass]
public class LoadingTests
{
    private static SavedModel? s_model;

    [ClassInitialize]
    public static void Save(TestContext context) => s_model = new SavedModel();

    [ClassCleanup]
    public static void Delete() => s_model?.Dispose();

    [TestMethod]
    public void ProcessesThatStartAtOnceShareOneWholeCopyOfTheBinding()
    {
        using var cache = new TemporaryFolder();
        Process[] processes = [.. Enumerable.Range(0, 4).Select(_ =>
        {
            ProcessStartInfo start = Predict();
            start.Environment["XDG_CACHE_HOME"] = cache.Path;
            return Process.Start(start)!;
        })];
        foreach (Process process in processes)
        {
            SampleProcess run = SampleProcess.Finish(process);
            process.Dispose();
            Assert.AreEqual(0, run.ExitCode, run.Error);
        }
        string[] written = Directory.GetFiles(cache.Path, "*", SearchOption.AllDirectories);
        string original = Binding.Original;
        if (!Binding.IsRewrittenHere)
        {
            Assert.IsEmpty(written);
            Assert.Inconclusive("This system's libstdc++ needs no copy; none was made.");
        }
        Assert.HasCount(1, written);
        Assert.AreEqual(new FileInfo(original).Length, new FileInfo(written[0]).Length);
    }

    [TestMethod]
    public void WithoutAUsableCacheAProcessLoadsAndLeavesNothingBehind()
    {
        _ = Binding.Original;
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        ProcessStartInfo start = Predict();
        start.Environment["XDG_CACHE_HOME"] = folder["file"];
        start.Environment["TMPDIR"] = Directory.CreateDirectory(folder["temporary"]).FullName;
        SampleProcess run = SampleProcess.Run(start);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        AssertPredictions(run);
        Assert.IsEmpty(Directory.GetFiles(folder["temporary"], "*.so", SearchOption.AllDirectories));
    }

    [TestMethod]
    public void LibtorchVariableWinsOverTheProgramsPackage()
    {
        string[] libraries = PackagedLibraries();
        // Copies, not links: to the dynamic linker a link is the same library, and a second libtorch in the process would go unnoticed.
        using var folder = new TemporaryFolder();
        string copies = Directory.CreateDirectory(folder["lib"]).FullName;
        foreach (string library in libraries)
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, library), Path.Combine(copies, library));
        }
        foreach (string named in new[] { folder.Path, copies })
        {
            ProcessStartInfo start = Predict();
            start.Environment["LIBTORCH"] = named;
            using Process process = Process.Start(start)!;
            HashSet<string> mapped = MappedUntilExit(process);
            SampleProcess run = SampleProcess.Finish(process);
            Assert.AreEqual(0, run.ExitCode, run.Error);
            AssertPredictions(run);
            string[] torch = [.. mapped.Where(path => libraries.Contains(Path.GetFileName(path)))];
            foreach (string library in new[] { "libtorch.so", "libtorch_cpu.so", "libc10.so" })
            {
                CollectionAssert.Contains(torch, Path.Combine(copies, library));
            }
            Assert.IsTrue(torch.All(path => Path.GetDirectoryName(path) == copies), string.Join(' ', torch));
        }
    }

    [TestMethod]
    public void AWrongLibtorchFolderIsToldWithWhatWasLookedFor()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Names Linux's files.");
        }
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["lib"]);
        File.WriteAllText(folder["lib", "libc10.so"], "half an installation");
        foreach (string named in new[] { folder.Path, folder["none"] })
        {
            ProcessStartInfo start = Predict();
            start.Environment["LIBTORCH"] = named;
            SampleProcess run = SampleProcess.Run(start);
            AssertOneLineOfError(run, $"LIBTORCH is '{named}'", "libc10.so, libtorch_cpu.so, libtorch.so", Path.Combine(named, "lib"));
        }
    }

    [TestMethod]
    public void ALibtorchThatDoesNotLoadIsNamed()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Names Linux's files.");
        }
        using var folder = new TemporaryFolder();
        foreach (string library in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so" })
        {
            File.WriteAllText(folder[library], "not a library");
        }
        ProcessStartInfo start = Predict();
        start.Environment["LIBTORCH"] = folder.Path;
        AssertOneLineOfError(SampleProcess.Run(start), folder["libc10.so"], "LIBTORCH");
    }

    [TestMethod]
    public void WithoutLibtorchThePackagesToAddAreNamedAndNothingIsCopied()
    {
        using var folder = new TemporaryFolder();
        string[] left = CopyProgramWithoutLibtorch(folder.Path);
        Assert.IsFalse(left.Any(file => File.Exists(folder[file])));
        ProcessStartInfo start = Predict();
        start.ArgumentList[0] = folder["Vit.Samples.dll"];
        string[] before = Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories);
        SampleProcess run = SampleProcess.Run(start);
        AssertOneLineOfError(run, "TorchSharp-cpu", "TorchSharp-cuda-linux", "TorchSharp-cuda-windows", "LIBTORCH");
        CollectionAssert.AreEquivalent(before, Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories));
    }

    private static ProcessStartInfo Predict()
    {
        ProcessStartInfo start = SampleProcess.Command(["predict", "--json", "--model", s_model!.File, .. s_model.Images]);
        start.Environment.Remove("LIBTORCH");
        return start;
    }

    private static void AssertPredictions(SampleProcess run) =>
        Assert.AreEqual(s_model!.Images.Length, run.Json.GetProperty("predictions").GetArrayLength());

    private static void AssertOneLineOfError(SampleProcess run, params string[] parts)
    {
        Assert.AreEqual(1, run.ExitCode);
        Assert.AreEqual("", run.Output);
        Assert.HasCount(1, run.Error.TrimEnd().Split('\n'), run.Error);
        foreach (string part in parts)
        {
            StringAssert.Contains(run.Error, part);
        }
    }

    /// <summary>The files that a process had mapped at any time until it ended.</summary>
    private static HashSet<string> MappedUntilExit(Process process)
    {
        var mapped = new HashSet<string>();
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(20)))
        {
            try
            {
                mapped.UnionWith(File.ReadLines($"/proc/{process.Id}/maps").Where(line => line.Contains('/')).Select(line => line[line.IndexOf('/')..]));
            }
            catch (IOException)
            {
                // It ended in between.
            }
        }
        return mapped;
    }

    /// <summary>The file names of the libtorch package that the tests were built with.</summary>
    private static string[] PackagedLibraries()
    {
        string[] libraries = [.. NativeLibraries(Dependencies()).SelectMany(native => native.Files)];
        if (!OperatingSystem.IsLinux() || libraries.Length == 0)
        {
            Assert.Inconclusive("These tests were not built with a libtorch package for Linux.");
        }
        return libraries;
    }

    private static string[] CopyProgramWithoutLibtorch(string folder)
    {
        string[] libraries = PackagedLibraries();
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory).Where(file => !libraries.Contains(Path.GetFileName(file))))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
        // The host refuses to start a program whose list of files is not fulfilled; a program without the package has no such entries.
        JsonNode dependencies = Dependencies();
        foreach ((JsonObject package, _) in NativeLibraries(dependencies).ToArray())
        {
            package.Remove("native");
        }
        File.WriteAllText(Path.Combine(folder, "Vit.Samples.deps.json"), dependencies.ToJsonString());
        return libraries;
    }

    private static JsonNode Dependencies() => JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vit.Samples.deps.json")))!;

    private static IEnumerable<(JsonObject Package, string[] Files)> NativeLibraries(JsonNode dependencies) =>
        from target in dependencies["targets"]!.AsObject()
        from package in target.Value!.AsObject()
        where package.Key.StartsWith("libtorch-", StringComparison.Ordinal) && package.Value!["native"] is not null
        select (package.Value!.AsObject(), package.Value["native"]!.AsObject().Select(file => Path.GetFileName(file.Key)).ToArray());
}
