namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// Numbers of the standard normal distribution, many and fast: each is one of 4096 quantiles that are equally likely, those in the middles of as many slices of the distribution (up to 3.67
/// either way). The same on every processor.
/// </summary>
/// <param name="random">Gives the seed.</param>
internal ref struct NormalNoise(Random random)
{
    private const int Bits = 12;
    private const int Count = 1 << Bits;
    private const int NumbersPerDraw = 5; // of 64 bits, the lowest ones aside

    private static readonly float[] s_quantiles = Quantiles();

    private ulong _state = 1 + (ulong)random.NextInt64(long.MaxValue); // xorshift stands still at 0
    private ulong _drawn;
    private int _left;

    /// <summary>The next.</summary>
    public float Next()
    {
        if (_left == 0)
        {
            _drawn = Draw();
            _left = NumbersPerDraw;
        }
        _left--;
        float number = s_quantiles[_drawn >> (64 - Bits)];
        _drawn <<= Bits;
        return number;
    }

    /// <summary>xorshift64* (Vigna 2016).</summary>
    private ulong Draw()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 2685821657736338717;
    }

    /// <summary>Walks up the integral of the density from its middle, in steps so small that it is straight between them.</summary>
    private static float[] Quantiles()
    {
        const double Step = 1.0 / 4096;
        float[] quantiles = new float[Count];
        double place = 0, below = 0.5, slice = Slice(0);
        for (int i = Count / 2; i < Count; i++)
        {
            double wanted = (i + 0.5) / Count;
            for (; below + slice < wanted; slice = Slice(place))
            {
                below += slice;
                place += Step;
            }
            quantiles[i] = (float)(place + (wanted - below) / slice * Step);
            quantiles[Count - 1 - i] = -quantiles[i];
        }
        return quantiles;

        static double Slice(double from) => Math.Exp(-(from + Step / 2) * (from + Step / 2) / 2) / Math.Sqrt(2 * Math.PI) * Step;
    }
}
