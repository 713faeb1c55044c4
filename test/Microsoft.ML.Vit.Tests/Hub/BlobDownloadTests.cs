using System.Diagnostics;

namespace Microsoft.ML.Vit.Tests.Hub;

[TestClass]
public sealed class BlobDownloadTests
{
    private const string File = "model.safetensors";

    [TestMethod]
    public void BrokenOffDownloadGoesOnWhereItEnded()
    {
        using var setup = new HubSetup();
        setup.AtFirst("GET", File, new HubAnswer(200) { Body = setup.Weights, EndsAfter = 200_000 });
        setup.AssertWhole(setup.Fetch());
        int?[] from = Ranges(setup);
        Assert.AreEqual(2, from.Length);
        Assert.IsNull(from[0]);
        Assert.IsTrue(from[1] is > 0 and <= 200_000, $"from {from[1]}");
        Assert.IsTrue(setup.Progress.Any(update => update.Note?.Contains("trying again", StringComparison.Ordinal) == true));
    }

    [TestMethod]
    public void StalledDownloadGoesOnWhereItEnded()
    {
        using var setup = new HubSetup();
        setup.Options = setup.Options with { StallTimeout = TimeSpan.FromSeconds(1) };
        setup.AtFirst("GET", File, new HubAnswer(200) { Body = setup.Weights, EndsAfter = 200_000, Stalls = true });
        setup.AssertWhole(setup.Fetch());
        Assert.IsTrue(Ranges(setup)[1] is > 0 and <= 200_000, $"from {Ranges(setup)[1]}");
        Assert.IsTrue(setup.Progress.Any(update => update.Note?.Contains("nothing arrived for 1 s", StringComparison.Ordinal) == true));
    }

    [TestMethod]
    public void RetriesCountAnewWhenBytesArrived()
    {
        using var setup = new HubSetup();
        setup.Options = setup.Options with { Retries = 1 };
        setup.Server.Misbehave = request => request.IsStorage ? setup.Server.Answer(request) with { EndsAfter = Math.Min(100_000, setup.Weights.Length - (request.From ?? 0)) } : null;
        setup.AssertWhole(setup.Fetch());
        Assert.AreEqual(6, Ranges(setup).Length);
    }

    [TestMethod]
    public void NextRunGoesOnWithWhatAnEarlierOneLeft()
    {
        using var setup = new HubSetup();
        setup.LeavePartial(setup.Weights[..250_000]);
        setup.AssertWhole(setup.Fetch());
        CollectionAssert.AreEqual(new int?[] { 250_000 }, Ranges(setup));
    }

    [TestMethod]
    public void PartialThatIsWholeIsOnlyChecked()
    {
        using var setup = new HubSetup();
        setup.LeavePartial(setup.Weights);
        setup.AssertWhole(setup.Fetch());
        Assert.AreEqual(0, Ranges(setup).Length);
    }

    [TestMethod]
    [DataRow(250_000)]
    [DataRow(600_000)]
    [DataRow(700_000)]
    public void DamagedPartialIsFetchedAnew(int length)
    {
        using var setup = new HubSetup();
        setup.LeavePartial(new byte[length]);
        setup.AssertWhole(setup.Fetch());
        Assert.IsNull(Ranges(setup)[^1]);
    }

    [TestMethod]
    public void ServerThatIgnoresRangeStartsOver()
    {
        using var setup = new HubSetup();
        setup.LeavePartial(new byte[250_000]);
        setup.Server.Misbehave = request => request.IsStorage ? setup.Server.Answer(request with { From = null }) : null;
        setup.AssertWhole(setup.Fetch());
        Assert.AreEqual(1, Ranges(setup).Length);
    }

    [TestMethod]
    public void RefusedRangeStartsOver()
    {
        using var setup = new HubSetup();
        setup.LeavePartial(setup.Weights[..250_000]);
        setup.AtFirst("GET", File, new HubAnswer(416));
        setup.AssertWhole(setup.Fetch());
        CollectionAssert.AreEqual(new int?[] { 250_000, null }, Ranges(setup));
    }

    [TestMethod]
    public void OtherRangeThanAskedForStartsOver()
    {
        using var setup = new HubSetup();
        setup.LeavePartial(setup.Weights[..250_000]);
        setup.AtFirst("GET", File, new HubAnswer(206) { Body = setup.Weights[100..], Headers = { ["Content-Range"] = "bytes 100-599999/600000" } });
        setup.AssertWhole(setup.Fetch());
        CollectionAssert.AreEqual(new int?[] { 250_000, null }, Ranges(setup));
    }

    [TestMethod]
    [DataRow(429)]
    [DataRow(500)]
    [DataRow(502)]
    [DataRow(503)]
    [DataRow(408)]
    public void PassingFailuresAreTriedAgain(int status)
    {
        using var setup = new HubSetup();
        setup.AtFirst("GET", File, new HubAnswer(status), new HubAnswer(status));
        setup.AssertWhole(setup.Fetch());
        setup.AtFirst("HEAD", "config.json", new HubAnswer(status), new HubAnswer(status));
        setup.Options = setup.Options with { CacheFolder = setup.Folder["another"] };
        setup.AssertWhole(setup.Fetch());
    }

    [TestMethod]
    public void RetryAfterIsObeyed()
    {
        using var setup = new HubSetup();
        setup.AtFirst("GET", File, new HubAnswer(429) { Headers = { ["Retry-After"] = "1" } });
        var clock = Stopwatch.StartNew();
        setup.AssertWhole(setup.Fetch());
        Assert.IsTrue(clock.Elapsed > TimeSpan.FromSeconds(0.9), $"{clock.Elapsed}");
    }

    [TestMethod]
    public void RetryAfterOfAnHourIsReported()
    {
        using var setup = new HubSetup();
        setup.AtFirst("GET", File, new HubAnswer(429) { Headers = { ["Retry-After"] = "3600" } });
        StringAssert.Contains(Assert.ThrowsExactly<HttpRequestException>(() => setup.Fetch()).Message, "3600 s");
    }

    [TestMethod]
    public void RetryAfterOfAnHourIsReportedEvenWhenBytesHadArrived()
    {
        using var setup = new HubSetup();
        setup.AtFirst("GET", File, new HubAnswer(200) { Body = setup.Weights, EndsAfter = 200_000 }, new HubAnswer(429) { Headers = { ["Retry-After"] = "3600" } });
        Assert.ThrowsExactly<HttpRequestException>(() => setup.Fetch());
        Assert.AreEqual(2, Ranges(setup).Length);
    }

    [TestMethod]
    public void BytesOfAnotherHashNeverBecomeTheFile()
    {
        using var setup = new HubSetup();
        byte[] other = [.. setup.Weights];
        other[^1] ^= 1;
        setup.Server.Misbehave = request => request.IsStorage ? new HubAnswer(200) { Body = other } : null;
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => setup.Fetch());
        StringAssert.Contains(exception.Message, HubServer.Sha256(setup.Weights));
        StringAssert.Contains(exception.Message, HubServer.Sha256(other));
        AssertNothingLeft(setup);
    }

    [TestMethod]
    [DataRow(599_999, 600_000)]
    [DataRow(600_001, 600_000)]
    public void BytesOfAnotherLengthNeverBecomeTheFile(int sent, int expected)
    {
        using var setup = new HubSetup();
        setup.Options = setup.Options with { Retries = 1 };
        setup.Server.Misbehave = request => request.IsStorage ? new HubAnswer(200) { Body = new byte[sent] } : null;
        Exception exception = Assert.Throws<Exception>(() => setup.Fetch());
        StringAssert.Contains(exception.Message, $"{expected}");
        Assert.IsFalse(System.IO.File.Exists(setup.Blob));
    }

    [TestMethod]
    public void SmallFileIsCheckedToo()
    {
        using var setup = new HubSetup();
        setup.Server.Misbehave = request => request.IsFor("GET", "config.json") ? new HubAnswer(200) { Body = "{\"model_type\":\"bad\"}"u8.ToArray() } : null;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => setup.Fetch()).Message, "git SHA-1");
    }

    [TestMethod]
    public void CancelledDownloadCanGoOn()
    {
        using var setup = new HubSetup();
        using var cancel = new CancellationTokenSource();
        setup.Server.Misbehave = request =>
        {
            if (request.IsStorage)
            {
                Task.Run(async () =>
                {
                    while (!(new FileInfo(setup.Partial) is { Exists: true, Length: 300_000 }))
                    {
                        await Task.Delay(10);
                    }
                    await cancel.CancelAsync();
                });
                return new HubAnswer(200) { Body = setup.Weights, EndsAfter = 300_000, Stalls = true };
            }
            return null;
        };
        Assert.Throws<OperationCanceledException>(() => setup.Fetch(cancellation: cancel.Token));
        Assert.AreEqual(300_000, new FileInfo(setup.Partial).Length);

        setup.Server.Misbehave = _ => null;
        setup.AssertWhole(setup.Fetch());
        Assert.AreEqual(300_000, Ranges(setup)[^1]);
    }

    [TestMethod]
    public void CancellationEndsAWaitForARetry()
    {
        using var setup = new HubSetup();
        using var cancel = new CancellationTokenSource();
        setup.Server.Misbehave = _ =>
        {
            cancel.CancelAfter(50);
            return new HubAnswer(503) { Headers = { ["Retry-After"] = "60" } };
        };
        Assert.Throws<OperationCanceledException>(() => setup.Fetch(cancellation: cancel.Token));
    }

    private static int?[] Ranges(HubSetup setup) => [.. setup.Server.Requests.Where(request => request.IsStorage).Select(request => request.From)];

    private static void AssertNothingLeft(HubSetup setup)
    {
        Assert.IsFalse(System.IO.File.Exists(setup.Blob));
        Assert.IsFalse(System.IO.File.Exists(setup.Partial));
        Assert.IsFalse(System.IO.File.Exists(Path.Combine(setup.Repository, "refs", "main")));
    }
}
