using System.Diagnostics;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests.Processes;

[TestClass]
public class PixelFileTests
{
    [TestMethod]
    public void AKilledTrainingLeavesNoPixels()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Looks for open files in /proc.");
        }
        using var folder = new TemporaryFolder();
        using Process process = Process.Start(Training(folder, "--minutes", "5"))!;
        Assert.IsNotNull(process.StandardOutput.ReadLine());
        string[] open = [.. Directory.GetFiles($"/proc/{process.Id}/fd").Select(fd => new FileInfo(fd).LinkTarget ?? "").Where(file => file.Contains("vit-pixels-"))];
        Assert.HasCount(1, open);
        StringAssert.StartsWith(open[0], folder["temporary"]);
        process.Kill();
        process.WaitForExit();
        Assert.IsEmpty(Directory.GetFiles(folder["temporary"], "vit-pixels-*", SearchOption.AllDirectories));
    }

    [TestMethod]
    public void AWriteThatFailsMidwayLeavesATrainingThatDecodesAgain()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Limits the size of files by ulimit.");
        }
        using var folder = new TemporaryFolder();
        // 24 images of 3 KB, and files of at most 32 KB; .NET's own for code that is mapped twice would be larger.
        ProcessStartInfo start = Training(folder, "--epochs", "2");
        string command = string.Join(' ', start.ArgumentList.Prepend(start.FileName).Select(argument => $"'{argument}'"));
        var limited = new ProcessStartInfo("bash", ["-c", $"trap '' XFSZ; ulimit -f 32; exec {command}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        limited.Environment["TMPDIR"] = folder["temporary"];
        limited.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        SampleProcess run = SampleProcess.Run(limited);
        // The model itself is too large for such files.
        StringAssert.Contains(run.Error + run.Output, "epoch 2/2");
    }

    private static ProcessStartInfo Training(TemporaryFolder folder, params string[] more)
    {
        TestImages.WriteFolder(folder["images"], perClass: 8, side: 32);
        Directory.CreateDirectory(folder["temporary"]);
        ProcessStartInfo start = SampleProcess.Command(["train", "--data", folder["images"], "--model", folder["m.zip"], "--batch", "8", "--pixel-cache", "0", .. more]);
        start.Environment["TMPDIR"] = folder["temporary"];
        return start;
    }
}
