using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// Functions of sixteen floats at once, as exact as float32 sums make sense of: relative error of <see cref="Exp2"/> below 2e-7, absolute error of <see cref="Erf"/> below 4e-7. What is not a number stays so:
/// the processor's own minimum and maximum give their second operand then.
/// </summary>
internal static class VectorMath
{
    /// <summary>2 to the power of x, for x up to 127; 0 far below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp2(Vector512<float> x)
    {
        x = Vector512.MaxNative(Vector512.Create(-150f), x);
        Vector512<float> whole = Vector512.Round(x);
        Vector512<float> r = x - whole; // -0.5 to 0.5
        // Taylor's series of e^(r ln 2) to the seventh power.
        Vector512<float> p = Vector512.Create(1.52527338e-5f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.54035304e-4f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.33335581e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(9.61812911e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.55041087e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(2.40226507e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(6.93147181e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        return Avx512F.Scale(p, whole);
    }

    /// <summary>The error function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Erf(Vector512<float> x)
    {
        // A rational function of degree 13 over 8; beyond 4 it is 1 to the last bit.
        x = Vector512.MaxNative(Vector512.Create(-4f), Vector512.MinNative(Vector512.Create(4f), x));
        Vector512<float> s = x * x;
        Vector512<float> p = Vector512.Create(-2.72614225801306e-10f);
        p = Vector512.FusedMultiplyAdd(p, s, Vector512.Create(2.77068142495902e-08f));
        p = Vector512.FusedMultiplyAdd(p, s, Vector512.Create(-2.10102402082508e-06f));
        p = Vector512.FusedMultiplyAdd(p, s, Vector512.Create(-5.69250639462346e-05f));
        p = Vector512.FusedMultiplyAdd(p, s, Vector512.Create(-7.34990630326855e-04f));
        p = Vector512.FusedMultiplyAdd(p, s, Vector512.Create(-2.95459980854025e-03f));
        p = Vector512.FusedMultiplyAdd(p, s, Vector512.Create(-1.60960333262415e-02f));
        Vector512<float> q = Vector512.Create(-1.45660718464996e-05f);
        q = Vector512.FusedMultiplyAdd(q, s, Vector512.Create(-2.13374055278905e-04f));
        q = Vector512.FusedMultiplyAdd(q, s, Vector512.Create(-1.68282697438203e-03f));
        q = Vector512.FusedMultiplyAdd(q, s, Vector512.Create(-7.37332916720468e-03f));
        q = Vector512.FusedMultiplyAdd(q, s, Vector512.Create(-1.42647390514189e-02f));
        return x * p / q;
    }

    /// <summary>The exact GELU, x Φ(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Gelu(Vector512<float> x)
    {
        Vector512<float> half = x * 0.5f;
        return Vector512.FusedMultiplyAdd(half, Erf(x * 0.70710678f), half);
    }

    /// <summary>The exact GELU and its derivative, Φ(x) + x φ(x); absolute error of both below 4e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> Value, Vector512<float> Slope) GeluAndSlope(Vector512<float> x)
    {
        // The slope needs the density anyway, and from it Φ is cheaper than by the error function: Abramowitz and Stegun 1964, 26.2.17.
        Vector512<float> density = Exp2(x * x * -0.72134752f) * 0.39894228f;
        Vector512<float> size = Vector512.FusedMultiplyAdd(Vector512.Abs(x), Vector512.Create(0.2316419f), Vector512<float>.One);
        Vector512<float> t = Avx512F.Reciprocal14(size);
        t *= Vector512.FusedMultiplyAdd(-size, t, Vector512.Create(2f)); // one step of Newton's
        Vector512<float> p = Vector512.Create(1.330274429f);
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-1.821255978f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(1.781477937f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(-0.356563782f));
        p = Vector512.FusedMultiplyAdd(p, t, Vector512.Create(0.319381530f));
        Vector512<float> tail = p * t * density;
        Vector512<float> distribution = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), tail, Vector512<float>.One - tail);
        return (x * distribution, Vector512.FusedMultiplyAdd(x, density, distribution));
    }
}
