namespace Microsoft.ML.Vit.Cores;

/// <summary>The rows that each of several threads computes: whole tiles, so that none writes into another's rows, and the rest for the last.</summary>
internal static class RowShare
{
    /// <summary>A thread's first row and how many.</summary>
    /// <param name="rows">Of all threads.</param>
    /// <param name="thread">Which of them.</param>
    /// <param name="threads">How many.</param>
    public static (int From, int Count) Of(int rows, int thread, int threads)
    {
        int tiles = (rows + MatrixKernel.Rows - 1) / MatrixKernel.Rows;
        int from = tiles * thread / threads * MatrixKernel.Rows, end = Math.Min(rows, tiles * (thread + 1) / threads * MatrixKernel.Rows);
        return (from, end - from);
    }
}
