using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>Images of noise: as hard to multiply as any, and nothing to download.</summary>
internal static class RandomPixels
{
    public const int Classes = 10;

    /// <summary>A key "Label" and the float vector "Features" of channels x height x width.</summary>
    public static IDataView Of(MLContext ml, VitConfig model, int count)
    {
        var random = new Random(1);
        int size = model.Channels * model.ImageSize.Height * model.ImageSize.Width;
        SchemaDefinition schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, size);
        schema[nameof(Row.Label)].ColumnType = new KeyDataViewType(typeof(uint), Classes);
        Row[] rows = [.. Enumerable.Range(0, count).Select(i => new Row { Label = (uint)(1 + (i % Classes)), Features = [.. Enumerable.Range(0, size).Select(_ => (float)random.Next(256))] })];
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    private sealed class Row
    {
        public uint Label { get; set; }

        public float[] Features { get; set; } = [];
    }
}
