using System.IO.Compression;
using System.Text;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests.Persistence;

[TestClass]
public class ModelFileTests
{
    private static readonly MLContext s_ml = new(seed: 1);
    private static byte[] s_alone = [];
    private static byte[] s_chained = [];

    [ClassInitialize]
    public static void Train(TestContext context)
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml);
        VitTrainer trainer = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 });
        using VitTransformer model = trainer.Fit(data);
        s_alone = Saved(model, data);
        IDataView rows = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(12));
        using var chain = s_ml.Transforms.Conversion.MapValueToKey("Label").Append(trainer).Append(s_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(rows);
        s_chained = Saved(chain, rows);
    }

    [TestMethod]
    public void TheZipHoldsConfigurationAsJsonAndWeightsAsSafetensors()
    {
        using var zip = new ZipArchive(new MemoryStream(s_alone));
        string[] names = [.. zip.Entries.Select(entry => entry.Name)];
        CollectionAssert.Contains(names, "vit.json");
        CollectionAssert.Contains(names, "weights.safetensors");
        string json = Text(s_alone, "vit.json");
        StringAssert.Contains(json, "\"version\": 1");
        StringAssert.Contains(json, "\"labels\"");
        StringAssert.Contains(json, "\"history\"");
    }

    [TestMethod]
    [DataRow("\"version\": 1", "\"version\": 2", "newer release")]
    [DataRow("\"version\": 1", "\"version\": \"one\"", "version")]
    [DataRow("\"depth\": 1", "\"depth\": 100000", "Depth")]
    [DataRow("\"depth\": 1", "\"depth\": 2", "weights.safetensors")]
    [DataRow("\"width\": 16,\n    \"depth\"", "\"width\": 160000,\n    \"depth\"", "vit.json")]
    [DataRow("\"classes\": 3", "\"classes\": 4", "3 labels for 4 classes")]
    [DataRow("\"red\"", "17", "vit.json")]
    [DataRow("\"labels\"", "\"unknown\"", "vit.json")]
    [DataRow("\"scoringBatchSize\": 16", "\"scoringBatchSize\": 2000000000", "ScoringBatchSize")]
    [DataRow("\"std\": [", "\"std\": [ 0, ", "Std")]
    [DataRow("{\n", "[\n", "vit.json")]
    public void AHostileDescriptionIsRefusedByName(string original, string replaced, string expected)
    {
        string json = Text(s_alone, "vit.json").ReplaceLineEndings("\n");
        StringAssert.Contains(json, original);
        int place = json.IndexOf(original, StringComparison.Ordinal);
        byte[] hostile = Encoding.UTF8.GetBytes(json[..place] + replaced + json[(place + original.Length)..]);
        foreach (byte[] model in new[] { s_alone, s_chained })
        {
            FormatException e = Refused(WithEntry(model, "vit.json", _ => hostile));
            StringAssert.Contains(e.Message, expected);
            Assert.IsTrue(e.Message.Contains("vit.json") || e.Message.Contains("weights.safetensors"), e.Message);
        }
    }

    [TestMethod]
    public void AModelWrittenBeforeCropsWereKnownIsStretchedAsBefore()
    {
        string[] lines = Text(s_alone, "vit.json").ReplaceLineEndings("\n").Split('\n');
        string[] older = [.. lines.Where(line => !line.Contains("resizeTo") && !line.Contains("keepAspectRatio") && !line.Contains("cropRoundsToEven"))];
        Assert.HasCount(lines.Length - 3, older);
        byte[] model = WithEntry(s_alone, "vit.json", _ => Encoding.UTF8.GetBytes(string.Join('\n', older)));
        using var loaded = (VitTransformer)s_ml.Model.Load(new MemoryStream(model), out _);
        Assert.IsNull(loaded.Preprocessing.ResizeTo);
        Assert.IsFalse(loaded.Preprocessing.KeepAspectRatio);
    }

    [TestMethod]
    public void AModelWrittenBeforePatchDropoutWasKnownDropsNone()
    {
        string[] lines = Text(s_alone, "vit.json").ReplaceLineEndings("\n").Split('\n');
        string[] older = [.. lines.Where(line => !line.Contains("patchDropout"))];
        Assert.HasCount(lines.Length - 1, older);
        byte[] model = WithEntry(s_alone, "vit.json", _ => Encoding.UTF8.GetBytes(string.Join('\n', older)));
        using var loaded = (VitTransformer)s_ml.Model.Load(new MemoryStream(model), out _);
        Assert.AreEqual(0, loaded.Model.PatchDropout);
    }

    [TestMethod]
    public void DamagedWeightsAreRefusedByName()
    {
        (string What, Func<byte[], byte[]> Damage)[] damages =
        [
            ("empty", _ => []),
            ("cut short", bytes => bytes[..^10]),
            ("cut within the header", bytes => bytes[..40]),
            ("too long", bytes => [.. bytes, 0, 0]),
            ("a huge header", bytes => [.. BitConverter.GetBytes(99_000_000L), .. bytes[8..]]),
            ("an impossible header", bytes => [.. BitConverter.GetBytes(long.MaxValue), .. bytes[8..]]),
            ("no JSON", bytes => [.. bytes[..8], .. new byte[100], .. bytes[108..]]),
            ("another shape", bytes => Replaced(bytes, "\"shape\":[48,16]", "\"shape\":[16,48]")),
            ("another name", bytes => Replaced(bytes, "blocks.0.attn.qkv.weight", "blocks.9.attn.qkv.weight")),
        ];
        foreach ((string what, Func<byte[], byte[]> damage) in damages)
        {
            foreach (byte[] model in new[] { s_alone, s_chained })
            {
                FormatException e = Refused(WithEntry(model, "weights.safetensors", damage));
                StringAssert.Contains(e.Message, "weights.safetensors", what);
            }
        }
    }

    [TestMethod]
    public void MissingEntriesAreRefusedByName()
    {
        foreach (string name in new[] { "vit.json", "weights.safetensors" })
        {
            FormatException e = Refused(WithEntry(s_chained, name, _ => null));
            StringAssert.Contains(e.Message, name);
        }
    }

    [TestMethod]
    public void ATruncatedZipIsRefused()
    {
        foreach (int length in new[] { 0, 100, s_chained.Length / 2, s_chained.Length - 30 })
        {
            Exception? found = null;
            try
            {
                s_ml.Model.Load(new MemoryStream(s_chained[..length]), out _);
            }
            catch (Exception e)
            {
                found = e;
            }
            Assert.IsTrue(found is FormatException or InvalidDataException, $"{length} bytes: {found}");
        }
    }

    [TestMethod]
    public void FlippedBytesInTheZipNeverGiveAnotherKindOfError()
    {
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = [.. s_chained];
            bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
            try
            {
                (s_ml.Model.Load(new MemoryStream(bytes), out _) as IDisposable)?.Dispose();
            }
            catch (Exception e) when (e is FormatException or InvalidDataException or EndOfStreamException || e.Source?.StartsWith("Microsoft.ML.Vit", StringComparison.Ordinal) == false)
            {
                // ML.NET's own parts of the zip raise ML.NET's own errors.
            }
        }
    }

    private static byte[] Saved(ITransformer model, IDataView data)
    {
        using var stream = new MemoryStream();
        s_ml.Model.Save(model, data.Schema, stream);
        return stream.ToArray();
    }

    private static FormatException Refused(byte[] model) =>
        Assert.Throws<FormatException>(() => s_ml.Model.Load(new MemoryStream(model), out _));

    private static string Text(byte[] model, string name)
    {
        using var zip = new ZipArchive(new MemoryStream(model));
        using var reader = new StreamReader(zip.Entries.Single(entry => entry.Name == name).Open());
        return reader.ReadToEnd();
    }

    private static byte[] Replaced(byte[] bytes, string original, string replaced)
    {
        string text = Encoding.Latin1.GetString(bytes);
        StringAssert.Contains(text, original);
        return Encoding.Latin1.GetBytes(text.Replace(original, replaced));
    }

    /// <summary>The zip with one entry changed, or left out where the change gives null.</summary>
    private static byte[] WithEntry(byte[] model, string name, Func<byte[], byte[]?> change)
    {
        using var changed = new MemoryStream();
        using (var source = new ZipArchive(new MemoryStream(model)))
        using (var target = new ZipArchive(changed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (ZipArchiveEntry entry in source.Entries)
            {
                using var content = new MemoryStream();
                using (Stream stream = entry.Open())
                {
                    stream.CopyTo(content);
                }
                byte[]? bytes = entry.Name == name ? change(content.ToArray()) : content.ToArray();
                if (bytes is not null)
                {
                    using Stream stream = target.CreateEntry(entry.FullName).Open();
                    stream.Write(bytes);
                }
            }
        }
        return changed.ToArray();
    }
}
