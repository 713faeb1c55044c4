using Microsoft.ML.Vit.Hub;

namespace Microsoft.ML.Vit.Tests.Hub;

[TestClass]
public sealed class HubNamesTests
{
    [TestMethod]
    [DataRow("google/vit-base-patch16-224-in21k")]
    [DataRow("timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k")]
    [DataRow("gpt2")]
    [DataRow("a/b")]
    public void RepositoriesOfTheHubAreTaken(string repository) => HubNames.CheckRepository(repository);

    [TestMethod]
    [DataRow("")]
    [DataRow("/")]
    [DataRow("a/b/c")]
    [DataRow("/etc")]
    [DataRow("..")]
    [DataRow("../x")]
    [DataRow("a/..")]
    [DataRow("a/b..c")]
    [DataRow("a/b--c")]
    [DataRow("a/b.git")]
    [DataRow("a\\b")]
    [DataRow("a/b\n")]
    [DataRow("a b/c")]
    [DataRow("a/b?x")]
    [DataRow("-a/b")]
    public void OtherNamesAreNot(string repository) => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => HubNames.CheckRepository(repository)).Message, repository);

    [TestMethod]
    public void TooLongANameIsNot() => Assert.ThrowsExactly<ArgumentException>(() => HubNames.CheckRepository("a/" + new string('b', 95)));

    [TestMethod]
    [DataRow("main")]
    [DataRow("v1.0")]
    [DataRow("refs/pr/12")]
    [DataRow("0123456789abcdef0123456789abcdef01234567")]
    public void RevisionsAreTaken(string revision) => HubNames.CheckRevision(revision);

    [TestMethod]
    [DataRow("")]
    [DataRow("../main")]
    [DataRow("a/../../b")]
    [DataRow("/main")]
    [DataRow("a//b")]
    [DataRow("a\\b")]
    [DataRow("main\n")]
    [DataRow(".")]
    public void OtherRevisionsAreNot(string revision) => Assert.ThrowsExactly<ArgumentException>(() => HubNames.CheckRevision(revision));
}
