using System.Globalization;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>The part of a report that shows how well images are classified: which classes are taken for which, how far probabilities can be trusted, every class's figures.</summary>
/// <param name="evaluation">What was counted.</param>
internal sealed class EvaluationSection(Evaluation evaluation)
{
    private const int MostPairs = 12;

    /// <summary>A table of more classes is closed until it is asked for.</summary>
    private const int MostOpen = 20;

    /// <summary>Writes the section.</summary>
    public void Write(HtmlWriter html)
    {
        using IDisposable section = html.Open("section");
        html.Element("h2", "Evaluation");
        (double low, double high) = evaluation.AccuracyRange;
        html.Element("p", evaluation.Count == 0
            ? "No row could be evaluated."
            : $"{Figures.Count(evaluation.Right)} of {Figures.Count(evaluation.Count)} images are classified right. With so many images the true accuracy lies between {Figures.Percent(low)} and {Figures.Percent(high)} (95 %).");
        if (evaluation.LeftOut > 0)
        {
            html.Element("p", $"Left out: {Figures.Count(evaluation.LeftOut)} rows without a class that the model knows or with scores that are no numbers.", ("class", "warning"));
        }
        if (evaluation.Count == 0)
        {
            return;
        }
        new ConfusionMatrix(evaluation).Write(html);
        using (html.Open("div", ("class", "pair")))
        {
            new CalibrationChart(evaluation.Calibration).Write(html);
            WritePairs(html);
        }
        WriteClasses(html);
    }

    private void WritePairs(HtmlWriter html)
    {
        using IDisposable part = html.Open("div");
        html.Element("h3", "Most frequent confusions");
        if (evaluation.Mistakes.Offered == 0)
        {
            html.Element("p", "None: every image is classified right.", ("class", "note"));
            return;
        }
        using IDisposable table = html.Open("table");
        WriteHeadings(html, "class", "taken for", "images", "of the class");
        using IDisposable body = html.Open("tbody");
        foreach ((int actual, int predicted, long count) in evaluation.Confusions.Take(MostPairs))
        {
            using IDisposable row = html.Open("tr");
            html.Element("th", evaluation.ClassNames[actual], ("scope", "row"));
            html.Element("td", evaluation.ClassNames[predicted], ("class", "name"));
            html.Element("td", Figures.Count(count));
            WriteShare(html, (double)count / evaluation.Actual(actual), "miss");
        }
    }

    private void WriteClasses(HtmlWriter html)
    {
        bool few = evaluation.ClassNames.Count <= MostOpen;
        using IDisposable details = html.Open("details", ("open", few ? "open" : null));
        html.Element("summary", $"All {Figures.Count(evaluation.ClassNames.Count)} classes, the hardest first");
        using IDisposable scroll = html.Open("div", ("class", few ? "wide" : "scroll"), ("tabindex", "0"));
        using IDisposable table = html.Open("table");
        WriteHeadings(html, "class", "images", "precision", "recall", "F1");
        using IDisposable body = html.Open("tbody");
        foreach (int index in Enumerable.Range(0, evaluation.ClassNames.Count).OrderBy(index => evaluation.F1(index) ?? 2).ThenBy(index => index))
        {
            using IDisposable row = html.Open("tr");
            html.Element("th", evaluation.ClassNames[index], ("scope", "row"));
            html.Element("td", Figures.Count(evaluation.Actual(index)));
            WriteShare(html, evaluation.Precision(index), "hit");
            WriteShare(html, evaluation.Recall(index), "hit");
            WriteShare(html, evaluation.F1(index), "hit");
        }
    }

    /// <summary>A share, in figures and as a bar behind them.</summary>
    private static void WriteShare(HtmlWriter html, double? share, string style) => html.Element(
        "td", Figures.Percent(share), ("class", "bar " + style), ("style", share is { } s ? string.Create(CultureInfo.InvariantCulture, $"--width:{s:0.0%}") : null));

    private static void WriteHeadings(HtmlWriter html, params ReadOnlySpan<string> headings)
    {
        using IDisposable head = html.Open("thead");
        using IDisposable row = html.Open("tr");
        foreach (string heading in headings)
        {
            html.Element("th", heading, ("scope", "col"));
        }
    }
}
