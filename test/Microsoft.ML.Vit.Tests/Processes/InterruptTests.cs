using System.Diagnostics;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests.Processes;

[TestClass]
public class InterruptTests
{
    [TestMethod]
    public void AnInterruptedTrainingLeavesTheFormerModelAndNothingElse()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Sends SIGINT.");
        }
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["images"], perClass: 8, side: 32);
        Directory.CreateDirectory(folder["models"]);
        Directory.CreateDirectory(folder["temporary"]);
        File.WriteAllText(folder["models", "m.zip"], "the former model");
        ProcessStartInfo start = SampleProcess.Command("train", "--data", folder["images"], "--model", folder["models", "m.zip"], "--minutes", "5");
        start.Environment["TMPDIR"] = folder["temporary"];
        using Process process = Process.Start(start)!;
        // The first epoch's line says that training is under way.
        Assert.IsNotNull(process.StandardOutput.ReadLine());
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            kill.WaitForExit();
        }
        var watch = Stopwatch.StartNew();
        SampleProcess run = SampleProcess.Finish(process);
        Assert.AreEqual(130, run.ExitCode, run.Error);
        Assert.IsLessThan(15, watch.Elapsed.TotalSeconds);
        Assert.AreEqual("cancelled", run.Error.Trim());
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder["models"]));
        Assert.AreEqual("the former model", File.ReadAllText(folder["models", "m.zip"]));
        string[] left = [.. Directory.GetFiles(folder["temporary"], "*", SearchOption.AllDirectories)];
        Assert.IsEmpty(left, string.Join('\n', left));
    }
}
