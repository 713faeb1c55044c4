namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Linear warmup, then half a cosine (Loshchilov and Hutter 2016, arXiv 1608.03983), as a pure function of the position: of the step, or of the share of a time budget.
/// </summary>
internal static class Schedule
{
    /// <summary>What the base learning rate is multiplied by, <paramref name="floorFraction"/> to 1 after the warmup.</summary>
    /// <param name="position">Where the step begins: its number from 0, or the share of the budget used. Beyond <paramref name="total"/> the floor holds.</param>
    /// <param name="warmup">Where the warmup ends, in the position's unit; 0 for none.</param>
    /// <param name="total">Where the training ends, in the position's unit.</param>
    /// <param name="floorFraction">The factor at the end, 0 to 1.</param>
    /// <param name="step">
    /// Length of one step in the position's unit. The warmup takes the rate of the step's end, so that the first step is not at zero and the last of the warmup is at the full rate.
    /// </param>
    public static double Factor(double position, double warmup, double total, double floorFraction, double step = 1)
    {
        if (position < warmup)
        {
            return Math.Min(1, (position + step) / warmup);
        }
        if (position >= total)
        {
            return floorFraction;
        }
        double progress = (position - warmup) / (total - warmup);
        return floorFraction + ((1 - floorFraction) / 2 * (1 + Math.Cos(Math.PI * progress)));
    }
}
