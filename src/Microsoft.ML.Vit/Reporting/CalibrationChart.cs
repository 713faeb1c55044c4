using System.Globalization;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>A reliability diagram: the accuracy of every bin of confidence as a bar, and where it should be as a line.</summary>
/// <param name="calibration">What was counted.</param>
internal sealed class CalibrationChart(Calibration calibration)
{
    private const double Left = 50;
    private const double Top = 10;
    private const double Side = 200;

    /// <summary>Writes the diagram.</summary>
    public void Write(HtmlWriter html)
    {
        using IDisposable figure = html.Open("figure", ("class", "chart calibration"));
        using (html.Open("figcaption"))
        {
            html.Element("strong", "Calibration");
            html.Text($" expected error {Figures.Percent(calibration.Error)}");
        }
        using IDisposable svg = html.Open("svg", ("viewBox", "0 0 270 250"), ("role", "img"), ("aria-label", $"Accuracy by confidence; expected calibration error {Figures.Percent(calibration.Error)}"));
        foreach (double tick in (double[])[0, 0.5, 1])
        {
            html.Empty("line", ("class", tick == 0 ? "axis" : "grid"), ("x1", Left), ("x2", Left + Side), ("y1", Y(tick)), ("y2", Y(tick)));
            html.Element("text", Share(tick), ("class", "end"), ("x", Left - 8), ("y", Y(tick) + 4));
            html.Element("text", Share(tick), ("class", "middle"), ("x", X(tick)), ("y", Y(0) + 16));
        }
        html.Element("text", "confidence", ("class", "middle"), ("x", X(0.5)), ("y", Y(0) + 34));
        for (int bin = 0; bin < Calibration.Bins; bin++)
        {
            WriteBin(html, bin);
        }
        html.Empty("line", ("class", "ideal"), ("x1", X(0)), ("y1", Y(0)), ("x2", X(1)), ("y2", Y(1)));
    }

    private void WriteBin(HtmlWriter html, int bin)
    {
        (long count, double accuracy, double confidence) = calibration[bin];
        if (count == 0)
        {
            return;
        }
        double from = (double)bin / Calibration.Bins;
        // A bar of no height still shows that there are images.
        double height = Math.Max(1.5, Y(0) - Y(accuracy));
        using IDisposable bar = html.Open("rect", ("class", "bar"), ("x", X(from) + 1), ("width", (Side / Calibration.Bins) - 2), ("y", Y(0) - height), ("height", height));
        html.Element("title", $"confidence {Share(from)} to {Share(from + (1.0 / Calibration.Bins))}: {Figures.Count(count)} images, {Figures.Percent(accuracy)} right, mean confidence {Figures.Percent(confidence)}");
    }

    private static double X(double share) => Math.Round(Left + (Side * share), 2);

    private static double Y(double share) => Math.Round(Top + (Side * (1 - share)), 2);

    private static string Share(double share) => share.ToString("0%", CultureInfo.InvariantCulture);
}
