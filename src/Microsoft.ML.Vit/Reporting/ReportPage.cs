using System.Globalization;
using System.Text;
using System.Xml;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>A report as one HTML file, in reading order: key figures, training, evaluation, mistakes, the model. It needs no script, no network and no other file.</summary>
internal sealed class ReportPage
{
    /// <summary>What the report is about.</summary>
    public required string Title { get; init; }

    /// <summary>The library and its version.</summary>
    public required string Library { get; init; }

    /// <summary>When it is written.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>What the model is, each fact with its name.</summary>
    public required IReadOnlyList<(string Name, string Value)> Facts { get; init; }

    /// <summary>The training's epochs; none where nothing was trained.</summary>
    public required IReadOnlyList<EpochMetrics> History { get; init; }

    /// <summary>How images are classified; null where none were evaluated.</summary>
    public required Evaluation? Evaluation { get; init; }

    /// <summary>Writes the page as UTF-8.</summary>
    public void Write(Stream stream)
    {
        var settings = new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), OmitXmlDeclaration = true, Indent = false, NewLineHandling = NewLineHandling.None };
        using var xml = XmlWriter.Create(stream, settings);
        var html = new HtmlWriter(xml);
        xml.WriteDocType("html", null, null, null);
        using IDisposable root = html.Open("html", ("lang", "en"));
        WriteHead(html);
        using IDisposable body = html.Open("body");
        using IDisposable main = html.Open("main");
        TrainingSection? training = History.Count > 0 ? new TrainingSection(History) : null;
        using (html.Open("header"))
        {
            html.Element("h1", Title);
            html.Element("p", string.Create(CultureInfo.InvariantCulture, $"Training report of a Vision Transformer. Written {Date:yyyy-MM-dd HH:mm} UTC by {Library}."));
        }
        WriteTiles(html, training);
        training?.Write(html);
        if (Evaluation is not null)
        {
            new EvaluationSection(Evaluation).Write(html);
            new MistakesSection(Evaluation).Write(html);
        }
        WriteFacts(html);
    }

    private void WriteHead(HtmlWriter html)
    {
        using IDisposable head = html.Open("head");
        html.Empty("meta", ("charset", "utf-8"));
        html.Empty("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        html.Empty("meta", ("name", "color-scheme"), ("content", "light dark"));
        html.Empty("meta", ("http-equiv", "Content-Security-Policy"), ("content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
        html.Element("title", $"{Title}: training report");
        html.Element("style", StyleSheet.Text);
    }

    private void WriteTiles(HtmlWriter html, TrainingSection? training)
    {
        using IDisposable tiles = html.Open("div", ("class", "tiles"));
        if (Evaluation is { Count: > 0 } found)
        {
            (double low, double high) = found.AccuracyRange;
            WriteTile(html, "Accuracy", Figures.Percent(found.Accuracy), $"{Figures.Percent(low)} to {Figures.Percent(high)}");
            WriteTile(html, "Macro accuracy", Figures.Percent(found.MacroAccuracy), "mean over classes");
            if (found.ClassNames.Count > 10)
            {
                WriteTile(html, "Top-5 accuracy", Figures.Percent(found.TopFiveAccuracy), "in the first five");
            }
            WriteTile(html, "Log-loss", Figures.Number(found.LogLoss), $"chance is {Figures.Number(Math.Log(found.ClassNames.Count))}");
            WriteTile(html, "Mistakes", Figures.Count(found.Mistakes.Offered), $"of {Figures.Count(found.Count)} images");
        }
        else if (training?.Kept is { } kept)
        {
            WriteTile(html, "Validation accuracy", Figures.Percent(kept.ValidationAccuracy), $"epoch {kept.Epoch}");
            WriteTile(html, "Validation loss", Figures.Number(kept.ValidationLoss), $"epoch {kept.Epoch}");
        }
        if (History.Count > 0)
        {
            EpochMetrics last = History[^1];
            WriteTile(html, "Epochs", Figures.Count(History.Count), $"{Figures.Number(last.ImagesPerSecond)} images/s");
            WriteTile(html, "Training accuracy", Figures.Percent(last.TrainingAccuracy), $"loss {Figures.Number(last.TrainingLoss)}, last epoch");
        }
    }

    private static void WriteTile(HtmlWriter html, string name, string value, string more)
    {
        using IDisposable tile = html.Open("div", ("class", "tile"));
        html.Element("span", name);
        html.Element("strong", value);
        html.Element("small", more);
    }

    private void WriteFacts(HtmlWriter html)
    {
        using IDisposable section = html.Open("section");
        html.Element("h2", "Model");
        using IDisposable table = html.Open("table", ("class", "facts"));
        using IDisposable body = html.Open("tbody");
        foreach ((string name, string value) in Facts)
        {
            using IDisposable row = html.Open("tr");
            html.Element("th", name, ("scope", "row"));
            html.Element("td", value, ("class", "name"));
        }
    }
}
