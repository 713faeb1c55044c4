using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class ScheduleTests
{
    [TestMethod]
    public void WarmupRisesLinearlyToOneAndTheCosineFallsToTheFloor()
    {
        double[] factors = [.. Enumerable.Range(0, 21).Select(step => Schedule.Factor(step, warmup: 4, total: 20, floorFraction: 0.1))];
        CollectionAssert.AreEqual(new[] { 0.25, 0.5, 0.75, 1.0, 1.0 }, factors[..5]);
        Assert.AreEqual(0.55, factors[12], 1e-12, "Half way between warmup and end lies the middle of the cosine.");
        Assert.AreEqual(0.1, factors[20]);
        for (int step = 5; step < factors.Length; step++)
        {
            Assert.IsLessThan(factors[step - 1], factors[step], $"step {step}");
        }
    }

    [TestMethod]
    public void BeyondTheEndTheFloorHolds()
    {
        Assert.AreEqual(0.2, Schedule.Factor(1000, 2, 10, 0.2));
        Assert.AreEqual(0, Schedule.Factor(1.7, 0.1, 1, 0, step: 0.01));
    }

    [TestMethod]
    public void WithoutWarmupTheFirstStepIsAtTheFullRate()
    {
        Assert.AreEqual(1, Schedule.Factor(0, 0, 10, 0));
        Assert.AreEqual(1, Schedule.Factor(0, 0, 1, 0));
    }

    [TestMethod]
    public void ATrainingOfWarmupAloneEndsAtTheFullRate()
    {
        Assert.AreEqual(0.5, Schedule.Factor(0, 2, 2, 0));
        Assert.AreEqual(1, Schedule.Factor(1, 2, 2, 0));
        Assert.AreEqual(0, Schedule.Factor(2, 2, 2, 0));
    }

    [TestMethod]
    public void SharesOfATimeBudgetGiveTheSameAsSteps()
    {
        const int Steps = 50;
        for (int step = 0; step < Steps; step++)
        {
            double byStep = Schedule.Factor(step, 5, Steps, 0.05);
            double byShare = Schedule.Factor(step / (double)Steps, 0.1, 1, 0.05, step: 1.0 / Steps);
            Assert.AreEqual(byStep, byShare, 1e-12, $"step {step}");
        }
    }

    [TestMethod]
    public void AWarmupThatEndsWithinAStepStaysAtMostOne() => Assert.AreEqual(1, Schedule.Factor(2, 2.5, 10, 0));
}
