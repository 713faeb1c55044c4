using System.Globalization;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>Numbers as people read them, in every culture the same.</summary>
internal static class Figures
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "–";

    /// <summary>A share as a percentage of one decimal, two close to 0 and 100 %.</summary>
    public static string Percent(double? share) => share is not { } s || !double.IsFinite(s)
        ? None
        : s is (> 0 and < 0.01) or (> 0.99 and < 1)
            ? Math.Clamp(s, 0.0001, 0.9999).ToString("0.00%", CultureInfo.InvariantCulture)
            : s.ToString("0.0%", CultureInfo.InvariantCulture);

    /// <summary>A whole number with its thousands apart.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Four significant digits.</summary>
    public static string Number(double? value) => value is not { } v || !double.IsFinite(v)
        ? None
        : v == 0 ? "0"
        : Math.Abs(v) is >= 1e-4 and < 1e-3 ? v.ToString("0.#######", CultureInfo.InvariantCulture)
        : Math.Abs(v) < 1e-3 || Math.Abs(v) >= 1e6 ? v.ToString("0.###e+0", CultureInfo.InvariantCulture)
        : v.ToString(Math.Abs(v) >= 1000 ? "0" : Math.Abs(v) >= 100 ? "0.#" : Math.Abs(v) >= 10 ? "0.##" : Math.Abs(v) >= 1 ? "0.###" : "0.####", CultureInfo.InvariantCulture);
}
