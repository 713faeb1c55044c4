using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// What a label's keys stand for: the key column's <c>KeyValues</c>, of any primitive type, or nothing but their number. It gives the
/// predicted label its values and the scores their names.
/// </summary>
internal sealed class LabelValues
{
    /// <summary>The item types that key values may have, by the names they are stored under.</summary>
    private static readonly Dictionary<string, PrimitiveDataViewType> s_types = new PrimitiveDataViewType[]
    {
        TextDataViewType.Instance, BooleanDataViewType.Instance, NumberDataViewType.Single, NumberDataViewType.Double,
        NumberDataViewType.SByte, NumberDataViewType.Int16, NumberDataViewType.Int32, NumberDataViewType.Int64,
        NumberDataViewType.Byte, NumberDataViewType.UInt16, NumberDataViewType.UInt32, NumberDataViewType.UInt64,
        DateTimeDataViewType.Instance, DateTimeOffsetDataViewType.Instance, TimeSpanDataViewType.Instance,
    }.ToDictionary(type => type.RawType == typeof(ReadOnlyMemory<char>) ? "Text" : type.RawType.Name);

    private readonly Array? _values;

    private LabelValues(int count, PrimitiveDataViewType? itemType, Array? values)
    {
        Count = count;
        ItemType = itemType;
        _values = values;
        Names = values is null
            ? [.. Enumerable.Range(1, count).Select(key => key.ToString(CultureInfo.InvariantCulture))]
            : [.. values.Cast<object>().Select(Text)];
    }

    /// <summary>Number of classes.</summary>
    public int Count { get; }

    /// <summary>Type of the values; null for keys without values.</summary>
    public PrimitiveDataViewType? ItemType { get; }

    /// <summary>The values as text, or the key numbers (from 1) where there are none.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The name that the item type is stored under; null for keys without values.</summary>
    public string? TypeName => ItemType is null ? null : s_types.First(t => t.Value == ItemType).Key;

    /// <summary>The type of the KeyValues annotation.</summary>
    public VectorDataViewType VectorType => new(ItemType!, Count);

    /// <summary>Keys 1 to count that stand for nothing else.</summary>
    public static LabelValues WithoutValues(int count) => new(count, null, null);

    /// <summary>Reads the annotation of a key column.</summary>
    public static LabelValues Of(DataViewSchema.Column keyColumn)
    {
        int count = keyColumn.Type.GetKeyCountAsInt32();
        DataViewSchema.Column? annotation = keyColumn.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues);
        if (annotation?.Type is not VectorDataViewType { ItemType: PrimitiveDataViewType item } vector || vector.Size != count || !s_types.ContainsValue(item))
        {
            return WithoutValues(count);
        }
        return (LabelValues)Generic(nameof(Read), item).Invoke(null, [keyColumn, item])!;
    }

    /// <summary>The values as they were stored by <see cref="ToStored"/>.</summary>
    /// <exception cref="FormatException">A type or a value that cannot be.</exception>
    public static LabelValues FromStored(string? typeName, IReadOnlyList<string> stored)
    {
        if (typeName is null)
        {
            return WithoutValues(stored.Count);
        }
        if (!s_types.TryGetValue(typeName, out PrimitiveDataViewType? item))
        {
            throw new FormatException($"label values of type '{typeName}'; expected one of {string.Join(", ", s_types.Keys)}");
        }
        var values = Array.CreateInstance(item.RawType, stored.Count);
        for (int i = 0; i < stored.Count; i++)
        {
            values.SetValue(Parse(stored[i], item.RawType), i);
        }
        return new LabelValues(stored.Count, item, values);
    }

    /// <summary>The values as culture-free text that reads back as the same values.</summary>
    public IReadOnlyList<string> ToStored() => Names;

    /// <summary>Adds the values as an annotation of this kind; nothing for keys without values.</summary>
    public void AddTo(DataViewSchema.Annotations.Builder annotations, string kind)
    {
        if (ItemType is not null)
        {
            Generic(nameof(Add), ItemType).Invoke(this, [annotations, kind]);
        }
    }

    private static LabelValues Read<T>(DataViewSchema.Column keyColumn, PrimitiveDataViewType item)
    {
        VBuffer<T> values = default;
        keyColumn.GetKeyValues(ref values);
        return new LabelValues(values.Length, item, values.DenseValues().ToArray());
    }

    private void Add<T>(DataViewSchema.Annotations.Builder annotations, string kind)
    {
        var values = (T[])_values!;
        annotations.Add(kind, VectorType, (ref VBuffer<T> target) => new VBuffer<T>(values.Length, values).CopyTo(ref target));
    }

    private static System.Reflection.MethodInfo Generic(string method, PrimitiveDataViewType item) =>
        typeof(LabelValues).GetMethod(method, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Instance)!
            .MakeGenericMethod(item.RawType);

    private static string Text(object value) => value switch
    {
        ReadOnlyMemory<char> text => text.ToString(),
        DateTime or DateTimeOffset => ((IFormattable)value).ToString("O", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static object Parse(string text, Type type)
    {
        try
        {
            return type == typeof(ReadOnlyMemory<char>) ? text.AsMemory()
                : type == typeof(DateTime) ? DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind)
                : type == typeof(DateTimeOffset) ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind)
                : type == typeof(TimeSpan) ? TimeSpan.Parse(text, CultureInfo.InvariantCulture)
                : Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is FormatException or OverflowException or InvalidCastException)
        {
            throw new FormatException($"the label value '{text}'; expected a {type.Name}", e);
        }
    }
}
