namespace Microsoft.ML.Vit.Reporting;

/// <summary>
/// What scored images show of a model: figures as ML.NET's evaluator defines them, and which classes are taken for which. Memory grows with the classes and with the kinds of mistakes, not with
/// the images.
/// </summary>
/// <param name="classNames">The classes in the order of the scores.</param>
/// <param name="mistakesKept">The most mistakes kept with their pictures.</param>
internal sealed class Evaluation(IReadOnlyList<string> classNames, int mistakesKept)
{
    // ML.NET's: no probability counts for less.
    private const double LeastProbability = 1e-15;

    private readonly long[] _actual = new long[classNames.Count];
    private readonly long[] _predicted = new long[classNames.Count];
    private readonly long[] _right = new long[classNames.Count];
    private readonly Dictionary<(int Actual, int Predicted), long> _confusions = [];
    private double _lossSum;
    private long _topFive;

    /// <summary>The classes in the order of the scores.</summary>
    public IReadOnlyList<string> ClassNames => classNames;

    /// <summary>Images evaluated.</summary>
    public long Count { get; private set; }

    /// <summary>Images left out: without a class that the model knows, or with scores that are no numbers.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Images classified right.</summary>
    public long Right => _right.Sum();

    /// <summary>Share of the images classified right.</summary>
    public double Accuracy => (double)Right / Count;

    /// <summary>Mean over the classes that have images of the share classified right.</summary>
    public double MacroAccuracy => Enumerable.Range(0, classNames.Count).Where(c => _actual[c] > 0).Select(c => Recall(c)!.Value).DefaultIfEmpty(double.NaN).Average();

    /// <summary>Share of the images whose class is among the five most probable.</summary>
    public double TopFiveAccuracy => (double)_topFive / Count;

    /// <summary>Mean cross-entropy in nats.</summary>
    public double LogLoss => _lossSum / Count;

    /// <summary>Whether probabilities mean what they say.</summary>
    public Calibration Calibration { get; } = new();

    /// <summary>The most confident mistakes.</summary>
    public MistakeList Mistakes { get; } = new(mistakesKept);

    /// <summary>The mistakes by kind, the most frequent first, of equally frequent ones in the order of the classes.</summary>
    public IEnumerable<(int Actual, int Predicted, long Count)> Confusions =>
        _confusions.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => (pair.Key.Actual, pair.Key.Predicted, pair.Value));

    /// <summary>The images of a class.</summary>
    public long Actual(int index) => _actual[index];

    /// <summary>The images of one class that were taken for another, or for itself.</summary>
    public long Taken(int actual, int predicted) => actual == predicted ? _right[actual] : _confusions.GetValueOrDefault((actual, predicted));

    /// <summary>Mistakes that a class has a part in, as what it is or what it was taken for.</summary>
    public long MistakesOf(int index) => _actual[index] + _predicted[index] - (2 * _right[index]);

    /// <summary>Share of a class's images that are classified right; null where it has none.</summary>
    public double? Recall(int index) => _actual[index] == 0 ? null : (double)_right[index] / _actual[index];

    /// <summary>Share of the images taken for a class that are of it; null where there are none.</summary>
    public double? Precision(int index) => _predicted[index] == 0 ? null : (double)_right[index] / _predicted[index];

    /// <summary>Harmonic mean of precision and recall; null where the class has neither images nor predictions.</summary>
    public double? F1(int index) => _actual[index] + _predicted[index] == 0 ? null : 2.0 * _right[index] / (_actual[index] + _predicted[index]);

    /// <summary>The range that the true accuracy lies in with a probability of 95 %, by Wilson's score interval.</summary>
    public (double Low, double High) AccuracyRange
    {
        get
        {
            const double z = 1.959964;
            double middle = (Accuracy + (z * z / (2 * Count))) / (1 + (z * z / Count));
            double half = z / (1 + (z * z / Count)) * Math.Sqrt((Accuracy * (1 - Accuracy) / Count) + (z * z / (4.0 * Count * Count)));
            return (Math.Max(0, middle - half), Math.Min(1, middle + half));
        }
    }

    /// <summary>Adds an image.</summary>
    /// <param name="actual">Its class, from 0; less than 0 where the model does not know it.</param>
    /// <param name="scores">The probability of every class.</param>
    /// <param name="picture">Gives what the image is found by and looks like; asked only where it is a mistake to keep.</param>
    public void Add(int actual, ReadOnlySpan<float> scores, Func<(string Where, Thumbnail? Picture)> picture)
    {
        if (actual < 0 || scores.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            LeftOut++;
            return;
        }
        int predicted = 0;
        int better = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            predicted = scores[i] > scores[predicted] ? i : predicted;
            better += scores[i] > scores[actual] || (scores[i] == scores[actual] && i < actual) ? 1 : 0;
        }
        Count++;
        _actual[actual]++;
        _predicted[predicted]++;
        _topFive += better < 5 ? 1 : 0;
        _lossSum -= Math.Log(Math.Max(scores[actual], LeastProbability));
        Calibration.Add(scores[predicted], predicted == actual);
        if (predicted == actual)
        {
            _right[actual]++;
            return;
        }
        _confusions[(actual, predicted)] = _confusions.GetValueOrDefault((actual, predicted)) + 1;
        (float confidence, float own) = (scores[predicted], scores[actual]);
        Mistakes.Offer(confidence, () =>
        {
            (string where, Thumbnail? shown) = picture();
            return new Mistake(actual, predicted, confidence, own, where, shown);
        });
    }
}
