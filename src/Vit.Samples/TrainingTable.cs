using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>Training as it goes: a live table in a terminal, a line an epoch where output goes to a file or another program.</summary>
internal sealed class TrainingTable : IProgress<EpochMetrics>
{
    // What fits above the prompt; the transformer keeps the whole history.
    private const int RowsShown = 12;

    private static readonly string[] Headings = ["epoch", "loss", "accuracy", "val loss", "val acc", "lr", "images/s", "left"];

    private readonly IAnsiConsole console;
    private readonly Table table = new Table().Border(TableBorder.Rounded);
    private LiveDisplayContext? live;

    private TrainingTable(IAnsiConsole console)
    {
        this.console = console;
        foreach (string heading in Headings)
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }
    }

    /// <summary>Runs a training that reports to the table it is given.</summary>
    public static T Show<T>(IAnsiConsole console, Func<IProgress<EpochMetrics>, T> train)
    {
        var progress = new TrainingTable(console);
        return console.Profile.Out.IsTerminal
            ? console.Live(progress.table).Start(context =>
            {
                progress.live = context;
                context.Refresh();
                return train(progress);
            })
            : train(progress);
    }

    /// <summary>Called on the training thread, once an epoch.</summary>
    public void Report(EpochMetrics value)
    {
        string[] cells =
        [
            $"{value.Epoch}/{value.Epochs}", $"{value.TrainingLoss:0.0000}", $"{value.TrainingAccuracy:0.0000}",
            value.ValidationLoss?.ToString("0.0000") ?? "-", value.ValidationAccuracy?.ToString("0.0000") ?? "-",
            $"{value.LearningRate:0.0e+0}", $"{value.ImagesPerSecond:0}", $"{(int)(value.SecondsLeft / 60):00}:{(int)(value.SecondsLeft % 60):00}",
        ];
        if (live == null)
        {
            console.Profile.Out.Writer.WriteLine(string.Join("  ", Headings.Zip(cells, (heading, cell) => $"{heading} {cell}").Where(text => !text.EndsWith(" -", StringComparison.Ordinal))));
            return;
        }
        table.AddRow(cells);
        if (table.Rows.Count > RowsShown)
        {
            table.Rows.RemoveAt(0);
        }
        live.Refresh();
    }
}
