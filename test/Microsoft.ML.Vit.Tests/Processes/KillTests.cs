using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests.Processes;

/// <summary>A training whose process is killed without warning, again and again.</summary>
[TestClass]
public sealed class KillTests
{
    private const int Kills = 20;
    private const int Interval = 2;
    private const int StepsPerEpoch = 3; // 24 images, 8 a step
    private const int Epochs = 80;

    [TestMethod]
    public void ATrainingKilledTwentyTimesLosesAnIntervalAtMostAndEndsAsOneThatWasNot()
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["images"], perClass: 8, side: 16);
        var random = new Random(11);
        long before = 0;
        int resumed = 0, kills = 0;
        // Where a machine is so fast that the training ends before, the end is what it is about all the same.
        for (; kills < Kills && before < StepsPerEpoch * Epochs; kills++)
        {
            using Process process = Process.Start(Command(folder, "killed.zip", "--checkpoints", folder["state"], "--checkpoint-steps", $"{Interval}"))!;
            var lines = new BlockingCollection<string>();
            Task reading = Task.Run(() => Read(process.StandardOutput, lines));
            // Mostly within the training, wherever it then is, writing its state among others; now and then before it has begun.
            string? begun = random.Next(6) == 0 ? null : First(lines, kills == 0 ? "epoch " : "Goes on from step ");
            Thread.Sleep(random.Next(5, 400));
            process.Kill();
            process.WaitForExit();
            reading.Wait();
            resumed += begun?.StartsWith("Goes on", StringComparison.Ordinal) == true ? 1 : 0;

            long kept = Newest(folder["state"]);
            Assert.IsGreaterThanOrEqualTo(before, kept);
            string? epoch = lines.Append(begun ?? "").LastOrDefault(line => line.StartsWith("epoch ", StringComparison.Ordinal));
            if (epoch is not null)
            {
                int reported = int.Parse(epoch["epoch ".Length..epoch.IndexOf('/')], CultureInfo.InvariantCulture);
                Assert.IsGreaterThanOrEqualTo((reported * StepsPerEpoch) - Interval, kept, epoch);
            }
            before = kept;
        }
        Assert.IsGreaterThan(Kills / 2, resumed);
        SampleProcess last = SampleProcess.Run(Command(folder, "killed.zip", "--checkpoints", folder["state"], "--checkpoint-steps", $"{Interval}"));
        Assert.AreEqual(0, last.ExitCode, last.Error);
        SampleProcess whole = SampleProcess.Run(Command(folder, "whole.zip"));
        Assert.AreEqual(0, whole.ExitCode, whole.Error);
        Dictionary<string, byte[]> expected = SavedWeights.OfZip(folder["whole.zip"]), found = SavedWeights.OfZip(folder["killed.zip"]);
        CollectionAssert.AreEquivalent(expected.Keys, found.Keys);
        foreach (string name in expected.Keys)
        {
            CollectionAssert.AreEqual(expected[name], found[name], name);
        }
        Console.WriteLine($"{kills} kills, {resumed} of runs that had resumed; the last began at step {before} of {StepsPerEpoch * Epochs}");
    }

    private static ProcessStartInfo Command(TemporaryFolder folder, string model, params string[] more) => SampleProcess.Command(
        ["train", "--data", folder["images"], "--model", folder[model], "--epochs", $"{Epochs}", "--batch", "8", "--device", "cpu", .. more]);

    private static void Read(StreamReader output, BlockingCollection<string> lines)
    {
        while (output.ReadLine() is { } line)
        {
            lines.Add(line);
        }
        lines.CompleteAdding();
    }

    /// <summary>Waits for a line; null where the process ends without it.</summary>
    private static string? First(BlockingCollection<string> lines, string beginning) =>
        lines.GetConsumingEnumerable().FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal) || line.StartsWith("epoch ", StringComparison.Ordinal));

    /// <summary>The step of the newest checkpoint, which must open; 0 before the first.</summary>
    private static long Newest(string folder)
    {
        string? newest = Directory.Exists(folder) ? Directory.GetFiles(folder, "step-*.safetensors").Max(StringComparer.Ordinal) : null;
        if (newest is null)
        {
            return 0;
        }
        using TrainingFile file = TrainingFile.Open(newest);
        return file.Description.Progress.Steps;
    }
}
