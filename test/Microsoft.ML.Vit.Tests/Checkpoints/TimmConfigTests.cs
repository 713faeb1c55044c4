using System.Text;
using Microsoft.ML.Vit.Checkpoints;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

[TestClass]
public sealed class TimmConfigTests
{
    [TestMethod]
    public void TheArchitecturesNameStandsForItsSizes()
    {
        VitConfig config = Read("""{"architecture":"vit_small_patch32_384","num_classes":10}""");
        Assert.AreEqual(VitConfig.Small32 with { ImageSize = 384, Classes = 10 }, config);
    }

    [TestMethod]
    public void ArgumentsOverrideTheName()
    {
        VitConfig config = Read("""
            {"architecture":"vit_base_patch16_224","global_pool":"avg","pretrained_cfg":{"input_size":[1,24,40]},
             "model_args":{"img_size":[24,40],"patch_size":[8,4],"depth":2,"class_token":false,"init_values":0.1,"mlp_ratio":2.5,"drop_path_rate":0.1}}
            """);
        Assert.AreEqual(
            VitConfig.Base16 with
            {
                ImageSize = new PixelSize(24, 40),
                PatchSize = new PixelSize(8, 4),
                Channels = 1,
                Depth = 2,
                HasClassToken = false,
                Pooling = VitPooling.Mean,
                LayerScale = 0.1,
                MlpRatio = 2.5,
            },
            config);
    }

    [TestMethod]
    [DataRow("""{"architecture":"resnet50"}""", "resnet50")]
    [DataRow("""{"architecture":"vit_base_patch16_224","model_args":{"pre_norm":true}}""", "pre_norm")]
    [DataRow("""{"architecture":"vit_base_patch16_224","global_pool":"map"}""", "map")]
    [DataRow("""{"num_classes":3}""", "architecture")]
    [DataRow("""[]""", "not a configuration")]
    [DataRow("""{"architecture":"vit_base_patch16_224","num_classes":1.5}""", "not a configuration")]
    [DataRow("""{"architecture":"vit_base_patch16_224","pretrained_cfg":{"input_size":[3]}}""", "not a configuration")]
    public void WhatIsNotSupportedIsNamed(string json, string named)
    {
        FormatException error = Assert.ThrowsExactly<FormatException>(() => Read(json));
        StringAssert.Contains(error.Message, named);
        StringAssert.StartsWith(error.Message, "config.json: ");
    }

    private static VitConfig Read(string json)
    {
        var draft = new ArchitectureDraft(new VitConfig());
        ConfigFile.Apply(draft, Encoding.UTF8.GetBytes(json), "config.json");
        return draft.Config;
    }
}
