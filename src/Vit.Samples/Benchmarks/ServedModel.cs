using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Vit.Samples.Benchmarks;

/// <summary>A model in service: what threads do with it, and what came of it.</summary>
internal sealed class ServedModel
{
    private readonly MLContext ml;
    private readonly ITransformer model;
    private readonly DataViewSchema input;
    private readonly string folder;
    private readonly Row[] rows;
    private readonly float[][] expected;
    private readonly ConcurrentDictionary<string, bool> distinct = new();
    private long predictions;
    private int reloads;

    /// <summary>Scores each image once; what it gives is what is expected of all others.</summary>
    public ServedModel(MLContext ml, ITransformer model, DataViewSchema input, string folder, IReadOnlyList<string> images)
    {
        (this.ml, this.model, this.input, this.folder) = (ml, model, input, folder);
        rows = [.. images.Select(image => new Row { ImagePath = image })];
        using PredictionEngine<Row, Prediction> engine = Engine(ml, model);
        expected = [.. rows.Select(row => engine.Predict(row).Score)];
        for (int i = 0; i < rows.Length; i++)
        {
            Check(i, expected[i]);
        }
    }

    public long Predictions => Interlocked.Read(ref predictions);

    public int Images => rows.Length;

    /// <summary>As many as images, unless an image got different scores.</summary>
    public int DistinctScores => distinct.Count;

    /// <summary>Models saved, loaded and disposed.</summary>
    public int Reloads => reloads;

    /// <summary>Whatever was thrown and should not have been.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>One thread's scoring, by an engine of its own.</summary>
    public void Score(Func<bool> goesOn) => Caught(() =>
    {
        using PredictionEngine<Row, Prediction> engine = Engine(ml, model);
        for (int i = Environment.CurrentManagedThreadId; goesOn(); i++)
        {
            Check(i % rows.Length, engine.Predict(rows[i % rows.Length]).Score);
            Interlocked.Increment(ref predictions);
        }
    });

    /// <summary>One thread's saving and loading, and disposing of what it loaded: at rest, and while another thread scores with it.</summary>
    public void SaveLoadAndDispose(Func<bool> goesOn, int thread) => Caught(() =>
    {
        string path = Path.Combine(folder, $"{thread}.zip");
        while (goesOn())
        {
            ml.Model.Save(model, input, path);
            var context = new MLContext();
            ITransformer copy = context.Model.Load(path, out _);
            using PredictionEngine<Row, Prediction> engine = Engine(context, copy);
            Check(0, engine.Predict(rows[0]).Score);
            var scoring = new Thread(() => Caught(() => ScoreUntilDisposed(engine)));
            scoring.Start();
            Thread.Sleep(5);
            ((IDisposable)copy).Dispose();
            scoring.Join();
            Interlocked.Increment(ref reloads);
        }
    });

    private void ScoreUntilDisposed(PredictionEngine<Row, Prediction> engine)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                Check(i % rows.Length, engine.Predict(rows[i % rows.Length]).Score);
            }
        }
        catch (Exception e) when (SampleRun.Cause(e) is ObjectDisposedException)
        {
            // What a disposed model answers.
        }
    }

    private void Check(int image, float[] scores)
    {
        if (!scores.AsSpan().SequenceEqual(expected[image]) || distinct.Count < rows.Length)
        {
            distinct.TryAdd($"{image}: {string.Join(' ', scores)}", true);
        }
    }

    private void Caught(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            Errors.Enqueue(e.ToString());
        }
    }

    private static PredictionEngine<Row, Prediction> Engine(MLContext context, ITransformer model) =>
        context.Model.CreatePredictionEngine<Row, Prediction>(model, new PredictionEngineOptions { OwnsTransformer = false });

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";
    }

    private sealed class Prediction
    {
        public float[] Score { get; set; } = [];
    }
}
