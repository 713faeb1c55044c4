using System.Globalization;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>The table of which classes are taken for which: all where they are few, else those with most mistakes and the rest summed.</summary>
/// <param name="evaluation">What was counted.</param>
internal sealed class ConfusionMatrix(Evaluation evaluation)
{
    /// <summary>More columns than this are not read any more.</summary>
    private const int MostClasses = 20;

    private readonly int[] _shown = evaluation.ClassNames.Count <= MostClasses
        ? [.. Enumerable.Range(0, evaluation.ClassNames.Count)]
        : [.. Enumerable.Range(0, evaluation.ClassNames.Count).OrderByDescending(evaluation.MistakesOf).ThenBy(index => index).Take(MostClasses).Order()];

    private int Others => evaluation.ClassNames.Count - _shown.Length;

    /// <summary>Writes the table.</summary>
    public void Write(HtmlWriter html)
    {
        html.Element("h3", "Confusion matrix");
        html.Element("p", Others == 0
            ? "Rows are the images’ classes, columns what they were taken for. A cell is as dark as its share of its row."
            : $"The {MostClasses} classes with most mistakes of {evaluation.ClassNames.Count}; the others are summed. Rows are the images’ classes, columns what they were taken for. A cell is as dark as its share of its row.", ("class", "note"));
        using IDisposable scroll = html.Open("div", ("class", "wide"), ("tabindex", "0"));
        using IDisposable table = html.Open("table", ("class", "confusion"));
        using (html.Open("thead"))
        using (html.Open("tr"))
        {
            html.Element("th", "class \\ taken for", ("scope", "col"));
            foreach (int index in _shown)
            {
                WriteHeading(html, evaluation.ClassNames[index]);
            }
            if (Others > 0)
            {
                WriteHeading(html, $"{Others} others");
            }
            html.Element("th", "recall", ("scope", "col"));
        }
        using IDisposable body = html.Open("tbody");
        foreach (int actual in _shown)
        {
            WriteRow(html, actual);
        }
        if (Others > 0)
        {
            WriteOthers(html);
        }
    }

    private static void WriteHeading(HtmlWriter html, string name)
    {
        using IDisposable heading = html.Open("th", ("scope", "col"), ("class", "tilted"), ("title", name));
        html.Element("span", name);
    }

    private void WriteRow(HtmlWriter html, int actual)
    {
        using IDisposable row = html.Open("tr");
        html.Element("th", evaluation.ClassNames[actual], ("scope", "row"), ("title", evaluation.ClassNames[actual]));
        long rest = evaluation.Actual(actual);
        foreach (int predicted in _shown)
        {
            long count = evaluation.Taken(actual, predicted);
            rest -= count;
            double share = (double)count / Math.Max(1, evaluation.Actual(actual));
            string what = $"{evaluation.ClassNames[actual]} taken for {evaluation.ClassNames[predicted]}: {Figures.Count(count)} of {Figures.Count(evaluation.Actual(actual))}";
            html.Element(
                "td",
                count == 0 ? "" : Figures.Count(count),
                ("class", (actual == predicted ? "hit" : "miss") + (share > 0.72 ? " dark" : "")),
                ("style", count == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"--share:{0.12 + (0.88 * share):0.###}")),
                ("title", what));
        }
        if (Others > 0)
        {
            html.Element("td", rest == 0 ? "" : Figures.Count(rest));
        }
        html.Element("td", Figures.Percent(evaluation.Recall(actual)), ("class", "share"));
    }

    private void WriteOthers(HtmlWriter html)
    {
        HashSet<int> others = [.. Enumerable.Range(0, evaluation.ClassNames.Count).Except(_shown)];
        Dictionary<int, long> taken = evaluation.Confusions.Where(pair => others.Contains(pair.Actual)).GroupBy(pair => pair.Predicted).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Count));
        long all = others.Sum(evaluation.Actual);
        using IDisposable row = html.Open("tr");
        html.Element("th", $"{Others} others", ("scope", "row"));
        foreach (int predicted in _shown)
        {
            long count = taken.GetValueOrDefault(predicted);
            all -= count;
            html.Element("td", count == 0 ? "" : Figures.Count(count));
        }
        html.Element("td", Figures.Count(all));
        long right = others.Sum(index => evaluation.Taken(index, index));
        html.Element("td", Figures.Percent(others.Sum(evaluation.Actual) == 0 ? null : (double)right / others.Sum(evaluation.Actual)), ("class", "share"));
    }
}
