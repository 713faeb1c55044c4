using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>Computes as the layer does, and remembers of its inputs each channel's range and some rows. Not for several threads at once.</summary>
internal sealed class InputObserver(Linear linear) : LinearProduct
{
    private const int RowsOfBatch = 8;
    private const int MostRows = 512;

    private readonly List<Tensor> _rows = [];
    private long _seen;
    private Tensor? _least;
    private Tensor? _greatest;

    /// <summary>The layer.</summary>
    public Linear Linear => linear;

    /// <summary>Whether it remembers at present.</summary>
    public bool IsOn { get; set; } = true;

    /// <summary>The least value of each channel (in).</summary>
    public Tensor Least => _least ?? throw new InvalidOperationException("Nothing was observed.");

    /// <summary>The greatest value of each channel (in).</summary>
    public Tensor Greatest => _greatest ?? throw new InvalidOperationException("Nothing was observed.");

    /// <summary>Rows (n, in) from all over the inputs, the caller's.</summary>
    public Tensor Rows() => cat(_rows, 0);

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x)
    {
        if (IsOn)
        {
            Remember(x);
        }
        return nn.functional.linear(x, linear.Weight, linear.Bias);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _rows.ForEach(rows => rows.Dispose());
        _rows.Clear();
        _least?.Dispose();
        _greatest?.Dispose();
    }

    private void Remember(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor rows = x.detach().reshape(-1, x.shape[^1]);
        Replace(ref _least, _least is null ? rows.amin([0]) : minimum(_least, rows.amin([0])));
        Replace(ref _greatest, _greatest is null ? rows.amax([0]) : maximum(_greatest, rows.amax([0])));
        if (_rows.Count * RowsOfBatch < MostRows)
        {
            // Steps of a prime reach all places of an image in time, the class token's among them.
            long[] places = [.. Enumerable.Range(0, RowsOfBatch).Select(i => (_seen + i) * 7919 % rows.size(0))];
            _rows.Add(rows.index_select(0, tensor(places)).DetachFromDisposeScope());
            _seen += RowsOfBatch;
        }
    }

    private static void Replace(ref Tensor? kept, Tensor value)
    {
        kept?.Dispose();
        kept = value.DetachFromDisposeScope();
    }
}
