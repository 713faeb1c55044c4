namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class VitOptimizerTests
{
    [TestMethod]
    public void DefaultsAreSound()
    {
        foreach (VitOptimizer optimizer in new VitOptimizer[] { new AdamWOptimizer(), new SgdOptimizer(), new MuonOptimizer() })
        {
            Assert.IsEmpty(optimizer.Problems().ToArray(), optimizer.ToString());
        }
    }

    [TestMethod]
    public void EveryBadHyperparameterIsNamedWithItsValue()
    {
        AssertProblem(new AdamWOptimizer { LearningRate = 0 }, "AdamWOptimizer.LearningRate is 0; expected a finite number above 0.");
        AssertProblem(new AdamWOptimizer { LearningRate = double.NaN }, "AdamWOptimizer.LearningRate is NaN; expected a finite number above 0.");
        AssertProblem(new SgdOptimizer { WeightDecay = -1 }, "SgdOptimizer.WeightDecay is -1; expected a finite number, 0 or above.");
        AssertProblem(new AdamWOptimizer { Beta1 = 1 }, "AdamWOptimizer.Beta1 is 1; expected 0 to below 1.");
        AssertProblem(new AdamWOptimizer { Beta2 = double.NaN }, "AdamWOptimizer.Beta2 is NaN; expected 0 to below 1.");
        AssertProblem(new AdamWOptimizer { Epsilon = 0 }, "AdamWOptimizer.Epsilon is 0; expected a finite number above 0.");
        AssertProblem(new SgdOptimizer { Momentum = -2 }, "SgdOptimizer.Momentum is -2; expected 0 to below 1.");
        AssertProblem(new SgdOptimizer { Momentum = 0, Nesterov = true }, "SgdOptimizer.Momentum is 0; expected above 0 where Nesterov is true.");
        AssertProblem(new MuonOptimizer { Momentum = 1 }, "MuonOptimizer.Momentum is 1; expected 0 to below 1.");
        AssertProblem(new MuonOptimizer { AdamW = new() { Beta1 = 2 } }, "MuonOptimizer.AdamW: AdamWOptimizer.Beta1 is 2; expected 0 to below 1.");
        AssertProblem(new MuonOptimizer { AdamW = null! }, "MuonOptimizer.AdamW is null; expected an AdamWOptimizer for all that is not a matrix inside a block.");
    }

    [TestMethod]
    public void AllProblemsAreReportedTogether()
    {
        var optimizer = new MuonOptimizer { LearningRate = -1, WeightDecay = double.PositiveInfinity, Momentum = 5, AdamW = new() { Epsilon = double.NaN } };
        Assert.HasCount(4, optimizer.Problems().ToArray());
    }

    private static void AssertProblem(VitOptimizer optimizer, string expected) => Assert.AreEqual(expected, string.Join(" ", optimizer.Problems()));
}
