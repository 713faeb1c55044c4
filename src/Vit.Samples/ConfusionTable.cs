using Microsoft.ML.Data;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>What was taken for what: a row per true class, a column per predicted one.</summary>
internal static class ConfusionTable
{
    // A terminal has room for so many columns.
    private const int MaxClasses = 20;

    public static void Write(IAnsiConsole console, ConfusionMatrix matrix, IReadOnlyList<string> classNames)
    {
        if (classNames.Count > MaxClasses)
        {
            console.WriteLine($"The confusion matrix of {classNames.Count} classes is too wide to print.");
            return;
        }
        Table table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("true \\ as").NoWrap());
        foreach (string name in classNames)
        {
            table.AddColumn(new TableColumn(Markup.Escape(name.Length > 5 ? name[..5] : name)).RightAligned().NoWrap().Padding(0, 0));
        }
        table.AddColumn(new TableColumn("recall").RightAligned().NoWrap());
        for (int row = 0; row < classNames.Count; row++)
        {
            string[] counts = [.. matrix.Counts[row].Select((count, column) => Cell(count, row == column))];
            table.AddRow([Markup.Escape(classNames[row]), .. counts, $"{matrix.PerClassRecall[row]:0.000}"]);
        }
        console.Write(table);
    }

    private static string Cell(double count, bool right) => count == 0 ? "" : right ? $"[green]{count}[/]" : $"[red]{count}[/]";
}
