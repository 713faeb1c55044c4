using Microsoft.ML.Vit;

namespace Vit.Samples;

/// <summary>Opens a checkpoint and shows how its download, if it needs one, goes.</summary>
internal static class Download
{
    public static VitCheckpoint Open(SampleRun run, string nameOrPath) =>
        VitCheckpoint.Open(nameOrPath, progress: new Shown(run), cancellationToken: run.Cancellation);

    /// <summary>A line for each tenth of a file, and for what a person should know.</summary>
    private sealed class Shown(SampleRun run) : IProgress<HubProgress>
    {
        private readonly Dictionary<string, long> tenths = [];

        public void Report(HubProgress value)
        {
            long tenth = value.Total is > 0 ? value.Received * 10 / value.Total.Value : 0;
            if (value.Note == null && tenths.GetValueOrDefault(value.File, -1) == tenth)
            {
                return;
            }
            tenths[value.File] = tenth;
            run.Console.Profile.Out.Writer.WriteLine($"{value.File}: {value.Note ?? $"{value.Received / 1e6:0.0} of {value.Total / 1e6:0.0} MB"}");
        }
    }
}
