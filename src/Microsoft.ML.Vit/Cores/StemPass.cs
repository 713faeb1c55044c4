namespace Microsoft.ML.Vit.Cores;

/// <summary>The memory in which an image passes through the stem. For one user at a time: a thread, or several threads that share the image.</summary>
internal sealed unsafe class StemPass : IDisposable
{
    private readonly PackedStem _stem;
    private readonly CoreBarrier? _barrier;
    private readonly NativeFloats[] _maps; // what each convolution reads
    private readonly NativeFloats[] _scratch; // one a thread

    /// <summary>Allocates for an image.</summary>
    /// <param name="stem">The weights.</param>
    /// <param name="threads">How many share it.</param>
    /// <param name="barrier">Where they wait for each other; null for one.</param>
    public StemPass(PackedStem stem, int threads, CoreBarrier? barrier)
    {
        (_stem, _barrier) = (stem, barrier);
        // A convolution writes whole tiles of rows.
        IEnumerable<long> lengths = stem.Convolutions.SkipLast(1).Select(convolution => (long)(convolution.Rows + MatrixKernel.Rows - 1) * convolution.Output.Channels);
        _maps = [.. lengths.Prepend(stem.Planes.Length).Select(length => new NativeFloats(length))];
        int scratch = stem.Convolutions.Max(convolution => convolution.ScratchLength);
        _scratch = [.. Enumerable.Range(0, threads).Select(_ => new NativeFloats(scratch))];
    }

    /// <summary>Embeds an image. With several threads each calls it, and all wait for each other until the tokens are there.</summary>
    /// <param name="image">Its pixels.</param>
    /// <param name="isFloat">Floats, else bytes.</param>
    /// <param name="tokens">Receives its tokens (T, D); up to five rows after them are overwritten.</param>
    /// <param name="thread">Which of the threads calls.</param>
    public void Run(ReadOnlySpan<byte> image, bool isFloat, float* tokens, int thread = 0)
    {
        _stem.Planes.Normalize(image, isFloat, _maps[0].Pointer, thread, _scratch.Length);
        _barrier?.Wait();
        for (int i = 0; i < _maps.Length; i++)
        {
            PackedConvolution convolution = _stem.Convolutions[i];
            (int from, int count) = RowShare.Of(convolution.Rows, thread, _scratch.Length);
            if (i < _maps.Length - 1)
            {
                float* result = _maps[i + 1].Pointer + ((long)from * convolution.Output.Channels);
                convolution.Apply(_maps[i].Pointer, from, count, _scratch[thread].Pointer, result, gelu: true);
            }
            else
            {
                _stem.EmbedPatches(_maps[i].Pointer, from, count, _scratch[thread].Pointer, tokens);
            }
            if (i == _maps.Length - 1 && thread == 0)
            {
                _stem.EmbedPrefix(tokens);
            }
            _barrier?.Wait();
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Array.ForEach(_maps, map => map.Dispose());
        Array.ForEach(_scratch, scratch => scratch.Dispose());
    }
}
