using System.Globalization;

namespace Microsoft.ML.Vit.Tests.Hub;

[TestClass]
public sealed class HubErrorTests
{
    [TestMethod]
    public void UnknownRepositoryIsNamed()
    {
        using var setup = new HubSetup();
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => setup.Fetch(repository: "no/body")).Message, $"no repository no/body at {setup.Server.Endpoint}/no/body");
    }

    [TestMethod]
    public void UnknownRevisionIsNamed()
    {
        using var setup = new HubSetup();
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => setup.Fetch("v9")).Message, "no revision 'v9'");
        Assert.ThrowsExactly<FileNotFoundException>(() => setup.Fetch("refs/pr/1"));
        StringAssert.Contains(setup.Server.Requests.Last().Path, "/resolve/refs%2Fpr%2F1/");
    }

    [TestMethod]
    [DataRow(401, "GatedRepo")]
    [DataRow(403, "GatedRepo")]
    [DataRow(401, null)]
    [DataRow(403, null)]
    public void GatedRepositoryAsksForTheTokenAndNamesThePage(int status, string? code)
    {
        using var setup = new HubSetup();
        var answer = new HubAnswer(status);
        if (code is not null)
        {
            answer.Headers["X-Error-Code"] = code;
        }
        setup.Server.Misbehave = _ => answer;
        string message = Assert.ThrowsExactly<UnauthorizedAccessException>(() => setup.Fetch()).Message;
        StringAssert.Contains(message, "HF_TOKEN");
        StringAssert.Contains(message, $"{setup.Server.Endpoint}/owner/vit");
        StringAssert.Contains(message, "no token was sent");
        Assert.AreEqual(1, setup.Server.Requests.Count); // nothing that a retry mends
    }

    [TestMethod]
    public void WeightsMayBeGatedWhereTheConfigurationIsNot()
    {
        using var setup = new HubSetup();
        setup.AtFirst("HEAD", "model.safetensors", new HubAnswer(403) { Headers = { ["X-Error-Code"] = "GatedRepo" } });
        StringAssert.Contains(Assert.ThrowsExactly<UnauthorizedAccessException>(() => setup.Fetch()).Message, "gated");
    }

    [TestMethod]
    public void RepositoryOfPickledWeightsSaysHowToConvert()
    {
        using var setup = new HubSetup();
        setup.Server.LargeFiles.TryRemove("model.safetensors", out _);
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => setup.Fetch()).Message, "safe_serialization=True");
        Assert.IsFalse(setup.Server.Requests.Any(request => request.IsStorage));
    }

    [TestMethod]
    public void OfflineAndNotCachedNamesTheVariable()
    {
        using var setup = new HubSetup();
        setup.Options = setup.Options with { Offline = true };
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => setup.Fetch()).Message, "HF_HUB_OFFLINE");
        Assert.AreEqual(0, setup.Server.Requests.Count);
    }

    [TestMethod]
    public void NoConnectionNamesTheEndpoint()
    {
        using var setup = new HubSetup();
        setup.Server.Dispose();
        StringAssert.Contains(Assert.ThrowsExactly<HttpRequestException>(() => setup.Fetch()).Message, setup.Options.Endpoint);
    }

    [TestMethod]
    public void ServerThatOnlyFailsIsGivenUp()
    {
        using var setup = new HubSetup();
        setup.Server.Misbehave = _ => new HubAnswer(503);
        StringAssert.Contains(Assert.ThrowsExactly<HttpRequestException>(() => setup.Fetch()).Message, "HTTP 503");
        Assert.AreEqual(1 + setup.Options.Retries, setup.Server.Requests.Count);
    }

    [TestMethod]
    public void FullDiskIsFoundBeforeTheDownload()
    {
        using var setup = new HubSetup();
        HubAnswer answer = setup.Server.Answer(new HubRequest("HEAD", "/owner/vit/resolve/main/model.safetensors", false, null, null));
        answer.Headers["X-Linked-Size"] = long.MaxValue.ToString(CultureInfo.InvariantCulture);
        setup.AtFirst("HEAD", "model.safetensors", answer);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => setup.Fetch()).Message, "no room for model.safetensors");
        Assert.IsFalse(setup.Server.Requests.Any(request => request.IsStorage));
    }

    [TestMethod]
    [DataRow("X-Linked-Etag", "../../../escape")]
    [DataRow("X-Linked-Etag", "")]
    [DataRow("X-Linked-Size", "600001")]
    public void LyingDescriptionIsRefused(string header, string value)
    {
        using var setup = new HubSetup();
        setup.Options = setup.Options with { Retries = 1 };
        HubAnswer answer = setup.Server.Answer(new HubRequest("HEAD", "/owner/vit/resolve/main/model.safetensors", false, null, null));
        answer.Headers[header] = value;
        setup.Server.Misbehave = request => request.IsFor("HEAD", "model.safetensors") ? answer : null;
        Assert.Throws<Exception>(() => setup.Fetch());
        Assert.IsFalse(File.Exists(setup.Blob));
    }

    [TestMethod]
    public void EndlessRedirectsEnd()
    {
        using var setup = new HubSetup();
        setup.Server.Misbehave = request => new HubAnswer(307) { Headers = { ["Location"] = request.Path } };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => setup.Fetch()).Message, "at most 10 redirects");
    }

    [TestMethod]
    public void RedirectToAFileIsRefused()
    {
        using var setup = new HubSetup();
        setup.Server.Misbehave = request => request.Method == "GET" ? new HubAnswer(302) { Headers = { ["Location"] = "file:///etc/passwd" } } : null;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => setup.Fetch()).Message, "file://");
    }
}
