namespace Microsoft.ML.Vit.Reporting;

/// <summary>The part of a report that shows images classified wrong, the most confident first: what the network misunderstands, and labels that are wrong.</summary>
/// <param name="evaluation">What was counted.</param>
internal sealed class MistakesSection(Evaluation evaluation)
{
    // Smaller pictures are shown larger, pixel by pixel.
    private const int SmallSide = 96;

    /// <summary>Writes the section; nothing where no mistakes were kept.</summary>
    public void Write(HtmlWriter html)
    {
        IReadOnlyList<Mistake> kept = evaluation.Mistakes.Kept;
        if (kept.Count == 0)
        {
            return;
        }
        using IDisposable section = html.Open("section");
        html.Element("h2", "Mistakes");
        html.Element("p", kept.Count < evaluation.Mistakes.Offered
            ? $"The {kept.Count} most confident of {Figures.Count(evaluation.Mistakes.Offered)}, as the network reads them: ✗ what it takes them for, ✓ what they are, with the probabilities. Look for wrong labels first."
            : "All of them, the most confident first, as the network reads them: ✗ what it takes them for, ✓ what they are, with the probabilities. Look for wrong labels first.", ("class", "note"));
        using IDisposable list = html.Open("ul", ("class", "mistakes"));
        foreach (Mistake mistake in kept)
        {
            Write(html, mistake);
        }
    }

    private void Write(HtmlWriter html, Mistake mistake)
    {
        (string actual, string predicted) = (evaluation.ClassNames[mistake.Actual], evaluation.ClassNames[mistake.Predicted]);
        using IDisposable item = html.Open("li");
        if (mistake.Picture is { } picture)
        {
            html.Empty(
                "img",
                ("src", "data:image/png;base64," + Convert.ToBase64String(picture.Png)),
                ("alt", $"{actual}, taken for {predicted}"),
                ("width", picture.Size.Width),
                ("height", picture.Size.Height),
                ("class", Math.Max(picture.Size.Width, picture.Size.Height) <= SmallSide ? "small" : null));
        }
        else
        {
            html.Element("div", "no picture", ("class", "missing"));
        }
        using IDisposable text = html.Open("dl");
        WriteClass(html, "✗", "taken for", predicted, mistake.Confidence, "wrong");
        WriteClass(html, "✓", "is", actual, mistake.ActualProbability, "right");
        html.Element("dd", mistake.Where, ("class", "where"), ("title", mistake.Where));
    }

    private static void WriteClass(HtmlWriter html, string mark, string what, string name, float probability, string style)
    {
        html.Element("dt", mark, ("class", style), ("title", what), ("aria-label", what));
        html.Element("dd", name, ("class", "class"), ("title", name));
        html.Element("dd", Figures.Percent(probability));
    }
}
