using System.Text.Json;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Reads an image or patch size from a configuration.</summary>
internal static class JsonSizes
{
    /// <summary>A number, the side of a square, or an array of height and width.</summary>
    public static PixelSize Read(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? new PixelSize(value[0].GetInt32(), value[1].GetInt32()) : value.GetInt32();
}
