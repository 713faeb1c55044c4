using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.Vit.Onnx;

/// <summary>What a file says beside its graph, as texts by name: <c>class_names</c>, <c>image_size</c>, <c>mean</c>, <c>std</c> and <c>preprocessing</c> are JSON.</summary>
internal static class OnnxMetadata
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The entries.</summary>
    /// <param name="preprocessing">How an image becomes the network's input.</param>
    /// <param name="classNames">Names of the classes in the order of the output; null for none.</param>
    public static IEnumerable<StringStringEntryProto> Entries(Preprocessing preprocessing, IReadOnlyList<string>? classNames)
    {
        if (classNames is not null)
        {
            yield return Entry("class_names", classNames);
        }
        yield return Entry("image_size", new[] { preprocessing.Size.Height, preprocessing.Size.Width });
        yield return Entry("mean", preprocessing.Mean);
        yield return Entry("std", preprocessing.Std);
        yield return Entry("preprocessing", preprocessing);
    }

    private static StringStringEntryProto Entry<T>(string key, T value) => new() { Key = key, Value = JsonSerializer.Serialize(value, s_json) };
}
