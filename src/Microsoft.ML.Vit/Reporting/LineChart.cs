using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>A chart of lines over epochs, drawn as SVG with colours of the style sheet. Pointing at an epoch tells its values.</summary>
internal sealed class LineChart
{
    private const double Width = 560;
    private const double Height = 250;
    private const double Left = 58;
    private const double Right = 546;
    private const double Top = 22;
    private const double Bottom = 208;

    // More would only hide the line.
    private const int MostMarkers = 40;

    // More strips than pixels in which to point at one would be of no use.
    private const int MostStrips = 240;

    private readonly string _title;
    private readonly IReadOnlyList<ChartSeries> _series;
    private readonly Func<double?, string> _format;
    private readonly int? _marked;
    private readonly int _epochs;
    private readonly AxisTicks _axis;

    /// <summary>A chart.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="series">The lines, all of as many epochs; those without a number are left out.</param>
    /// <param name="format">How a value is written.</param>
    /// <param name="fromZero">Whether the axis begins at zero, else near the least value.</param>
    /// <param name="marked">An epoch to mark, or null.</param>
    public LineChart(string title, IReadOnlyList<ChartSeries> series, Func<double?, string> format, bool fromZero, int? marked = null)
    {
        _title = title;
        _series = [.. series.Where(line => line.Values.Any(IsNumber))];
        _format = format;
        _marked = marked;
        _epochs = series[0].Values.Count;
        double[] values = [.. _series.SelectMany(line => line.Values).Where(IsNumber).Select(value => value!.Value), .. fromZero ? [0.0] : Array.Empty<double>()];
        _axis = AxisTicks.Around(values.DefaultIfEmpty(0).Min(), values.DefaultIfEmpty(1).Max(), parts: 5);
    }

    /// <summary>Writes the chart with its title and legend.</summary>
    public void Write(HtmlWriter html)
    {
        using IDisposable figure = html.Open("figure", ("class", "chart"));
        using (html.Open("figcaption"))
        {
            html.Element("strong", _title);
            // A single line needs no legend.
            foreach (ChartSeries line in _series.Count > 1 ? _series : [])
            {
                using IDisposable key = html.Open("span", ("class", "key"));
                html.Empty("i", ("class", line.Style));
                html.Text(line.Name);
            }
        }
        using IDisposable svg = html.Open("svg", ("viewBox", Invariant($"0 0 {Width} {Height}")), ("role", "img"), ("aria-label", Description()));
        WriteAxes(html);
        foreach (ChartSeries line in _series)
        {
            WriteLine(html, line);
        }
        WriteStrips(html);
    }

    private void WriteAxes(HtmlWriter html)
    {
        foreach (double tick in _axis.Values)
        {
            html.Empty("line", ("class", tick == _axis.Low ? "axis" : "grid"), ("x1", Left), ("x2", Right), ("y1", Y(tick)), ("y2", Y(tick)));
            html.Element("text", _format(tick).Replace(".0%", "%", StringComparison.Ordinal), ("class", "end"), ("x", Left - 8), ("y", Y(tick) + 4));
        }
        foreach (int epoch in AxisTicks.Epochs(_epochs, parts: 10))
        {
            html.Empty("line", ("class", "axis"), ("x1", X(epoch)), ("x2", X(epoch)), ("y1", Bottom), ("y2", Bottom + 4));
            html.Element("text", Invariant($"{epoch}"), ("class", "middle"), ("x", X(epoch)), ("y", Bottom + 18));
        }
        html.Element("text", "epoch", ("class", "middle"), ("x", (Left + Right) / 2), ("y", Height - 4));
        if (_marked is { } kept)
        {
            html.Empty("line", ("class", "kept"), ("x1", X(kept)), ("x2", X(kept)), ("y1", Top), ("y2", Bottom));
            html.Element("text", "kept", ("class", kept == _epochs && kept > 1 ? "end" : "middle"), ("x", X(kept)), ("y", Top - 7));
        }
    }

    private void WriteLine(HtmlWriter html, ChartSeries line)
    {
        var path = new StringBuilder();
        bool broken = true;
        for (int i = 0; i < _epochs; i++)
        {
            if (IsNumber(line.Values[i]))
            {
                path.Append(broken ? 'M' : 'L').Append(Invariant($"{X(i + 1)} {Y(line.Values[i]!.Value)}"));
            }
            broken = !IsNumber(line.Values[i]);
        }
        html.Empty("path", ("class", line.Style), ("d", path.ToString()));
        for (int i = 0; _epochs <= MostMarkers && i < _epochs; i++)
        {
            if (IsNumber(line.Values[i]))
            {
                html.Empty("circle", ("class", line.Style), ("cx", X(i + 1)), ("cy", Y(line.Values[i]!.Value)), ("r", _epochs == 1 ? 4 : 2.6));
            }
        }
    }

    /// <summary>Invisible strips, one an epoch, whose titles browsers show where the pointer is.</summary>
    private void WriteStrips(HtmlWriter html)
    {
        int every = (_epochs + MostStrips - 1) / MostStrips;
        double width = every * (Right - Left) / Math.Max(1, _epochs - 1);
        for (int epoch = 1; epoch <= _epochs; epoch += every)
        {
            double from = Math.Max(Left, X(epoch) - (width / 2));
            using IDisposable strip = html.Open("rect", ("class", "strip"), ("x", Rounded(from)), ("y", Top), ("width", Rounded(Math.Min(Right, X(epoch) + (width / 2)) - from)), ("height", Bottom - Top));
            html.Element("title", Invariant($"epoch {epoch}: {string.Join(", ", _series.Select(line => $"{line.Name} {_format(line.Values[epoch - 1])}"))}"));
        }
    }

    private string Description() =>
        Invariant($"{_title} over {_epochs} epochs: {string.Join("; ", _series.Select(line => $"{line.Name} from {_format(line.Values.First(IsNumber))} to {_format(line.Values.Last(IsNumber))}"))}");

    private double X(int epoch) => Rounded(_epochs == 1 ? (Left + Right) / 2 : Left + ((Right - Left) * (epoch - 1) / (_epochs - 1)));

    private double Y(double value) => Rounded(Bottom - ((Bottom - Top) * (value - _axis.Low) / (_axis.High - _axis.Low)));

    private static double Rounded(double coordinate) => Math.Round(coordinate, 2);

    private static bool IsNumber(double? value) => value is { } v && double.IsFinite(v);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
