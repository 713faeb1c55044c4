using Microsoft.ML.Vit.Hub;

namespace Microsoft.ML.Vit.Tests.Hub;

[TestClass]
public sealed class HubOptionsTests
{
    private static readonly string s_home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    [TestMethod]
    public void DefaultsAreThoseOfPython()
    {
        HubOptions options = Read();
        Assert.AreEqual("https://huggingface.co", options.Endpoint);
        Assert.AreEqual(Path.Combine(s_home, ".cache", "huggingface", "hub"), options.CacheFolder);
        Assert.IsFalse(options.Offline);
    }

    [TestMethod]
    public void CacheIsFoundByAnyOfItsVariables()
    {
        using var folder = new TemporaryFolder();
        Assert.AreEqual(folder["home", "hub"], Read(("HF_HOME", folder["home"])).CacheFolder);
        Assert.AreEqual(folder["huggingface", "hub"], Read(("XDG_CACHE_HOME", folder.Path)).CacheFolder);
        Assert.AreEqual(folder["old"], Read(("HF_HOME", folder["home"]), ("HUGGINGFACE_HUB_CACHE", folder["old"])).CacheFolder);
        Assert.AreEqual(folder["new"], Read(("HF_HUB_CACHE", folder["new"]), ("HUGGINGFACE_HUB_CACHE", folder["old"])).CacheFolder);
        Assert.AreEqual(Path.Combine(s_home, "models"), Read(("HF_HUB_CACHE", "~/models")).CacheFolder);
    }

    [TestMethod]
    [DataRow("1", true)]
    [DataRow("true", true)]
    [DataRow("YES", true)]
    [DataRow("on", true)]
    [DataRow("0", false)]
    [DataRow("", false)]
    public void OfflineIsReadAsPythonDoes(string value, bool offline) => Assert.AreEqual(offline, Read(("HF_HUB_OFFLINE", value)).Offline);

    [TestMethod]
    public void TokenComesFromTheVariableOrTheFile()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["token"], "of-the-home\n");
        File.WriteAllText(folder["other"], "of-the-path\n");
        Assert.AreEqual("of-the-home", Read(("HF_HOME", folder.Path)).Token);
        Assert.AreEqual("of-the-path", Read(("HF_HOME", folder.Path), ("HF_TOKEN_PATH", folder["other"])).Token);
        Assert.AreEqual("own", Read(("HF_HOME", folder.Path), ("HF_TOKEN", " own ")).Token);
        Assert.IsNull(Read(("HF_HOME", folder.Path), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
    }

    [TestMethod]
    public void TokenIsNeverPrinted()
    {
        Assert.IsFalse(Read(("HF_TOKEN", "secret")).ToString().Contains("secret", StringComparison.Ordinal));
        Assert.IsFalse(Assert.ThrowsExactly<ArgumentException>(() => Read(("HF_TOKEN", "secret\nX-Other: 1"))).Message.Contains("secret", StringComparison.Ordinal));
    }

    [TestMethod]
    public void EndpointIsAnAddress()
    {
        Assert.AreEqual("https://mirror.example/hub", Read(("HF_ENDPOINT", "https://mirror.example/hub/")).Endpoint);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Read(("HF_ENDPOINT", "mirror"))).Message, "HF_ENDPOINT");
    }

    private static HubOptions Read(params (string Name, string Value)[] variables) =>
        HubOptions.FromEnvironment(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
