using System.Text.Json;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests.Processes;

[TestClass]
public class FreshProcessTests
{
    [TestMethod]
    public void AModelSavedHereScoresTheSameInAnotherProcess()
    {
        using var model = new SavedModel();
        SampleProcess run = SampleProcess.Run(["predict", "--json", "--model", model.File, .. model.Images]);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        JsonElement[] predictions = [.. run.Json.GetProperty("predictions").EnumerateArray()];
        Assert.HasCount(model.Images.Length, predictions);
        for (int i = 0; i < predictions.Length; i++)
        {
            Assert.AreEqual(model.Images[i], predictions[i].GetProperty("image").GetString());
            JsonElement[] top = [.. predictions[i].GetProperty("top").EnumerateArray()];
            Assert.HasCount(model.Scores[i].Count, top);
            foreach (JsonElement guess in top)
            {
                Assert.AreEqual(model.Scores[i][guess.GetProperty("label").GetString()!], guess.GetProperty("score").GetSingle(), 1e-6f);
            }
        }
    }
}
