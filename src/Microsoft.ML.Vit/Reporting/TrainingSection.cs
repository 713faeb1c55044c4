namespace Microsoft.ML.Vit.Reporting;

/// <summary>The part of a report that shows how the training went: curves, and a table of all epochs.</summary>
internal sealed class TrainingSection
{
    private readonly IReadOnlyList<EpochMetrics> _history;

    /// <summary>A section.</summary>
    /// <param name="history">The epochs, at least one.</param>
    public TrainingSection(IReadOnlyList<EpochMetrics> history)
    {
        _history = history;
        // As training keeps them: the highest validation accuracy, on equal accuracy the lowest loss, the earliest of those.
        Kept = history.Where(epoch => epoch.ValidationAccuracy is not null)
            .OrderByDescending(epoch => epoch.ValidationAccuracy).ThenBy(epoch => epoch.ValidationLoss).ThenBy(epoch => epoch.Epoch).FirstOrDefault();
    }

    /// <summary>The epoch whose weights the model has, where there was validation.</summary>
    public EpochMetrics? Kept { get; }

    /// <summary>Writes the section.</summary>
    public void Write(HtmlWriter html)
    {
        using IDisposable section = html.Open("section");
        html.Element("h2", "Training");
        int? marked = Kept is null ? null : _history.Index().First(pair => pair.Item == Kept).Index + 1;
        using (html.Open("div", ("class", "charts")))
        {
            Chart("Loss", e => e.TrainingLoss, e => e.ValidationLoss, Figures.Number, fromZero: true, marked).Write(html);
            Chart("Accuracy", e => e.TrainingAccuracy, e => e.ValidationAccuracy, Figures.Percent, fromZero: false, marked).Write(html);
            Chart("Learning rate", e => e.LearningRate, null, Figures.Number, fromZero: true, null).Write(html);
            Chart("Images per second", e => e.ImagesPerSecond, null, Figures.Number, fromZero: true, null).Write(html);
        }
        html.Element("p", Kept is null
            ? "Training accuracy is measured while the weights change, on augmented images. There was no validation; the model is what the last epoch ended with."
            : "Training accuracy is measured while the weights change, on augmented images. The model has the weights of the epoch marked “kept”, which validated best.", ("class", "note"));
        WriteEpochs(html);
    }

    private LineChart Chart(string title, Func<EpochMetrics, double?> training, Func<EpochMetrics, double?>? validation, Func<double?, string> format, bool fromZero, int? marked)
    {
        List<ChartSeries> series = [new(validation is null ? title.ToLowerInvariant() : "training", "training", [.. _history.Select(training)])];
        if (validation is not null)
        {
            series.Add(new ChartSeries("validation", "validation", [.. _history.Select(validation)]));
        }
        return new LineChart(title, series, format, fromZero, marked);
    }

    private void WriteEpochs(HtmlWriter html)
    {
        using IDisposable details = html.Open("details");
        html.Element("summary", _history.Count == 1 ? "The epoch in figures" : $"All {_history.Count} epochs in figures");
        using IDisposable scroll = html.Open("div", ("class", "scroll"), ("tabindex", "0"));
        using IDisposable table = html.Open("table");
        using (html.Open("thead"))
        using (html.Open("tr"))
        {
            foreach (string heading in (string[])["epoch", "loss", "accuracy", "validation loss", "validation accuracy", "learning rate", "images/s"])
            {
                html.Element("th", heading, ("scope", "col"));
            }
        }
        using IDisposable body = html.Open("tbody");
        foreach (EpochMetrics epoch in _history)
        {
            using IDisposable row = html.Open("tr", ("class", epoch == Kept ? "best" : null));
            html.Element("th", Figures.Count(epoch.Epoch), ("scope", "row"));
            foreach (string cell in (string[])[Figures.Number(epoch.TrainingLoss), Figures.Percent(epoch.TrainingAccuracy), Figures.Number(epoch.ValidationLoss),
                Figures.Percent(epoch.ValidationAccuracy), Figures.Number(epoch.LearningRate), Figures.Number(epoch.ImagesPerSecond)])
            {
                html.Element("td", cell);
            }
        }
    }
}
