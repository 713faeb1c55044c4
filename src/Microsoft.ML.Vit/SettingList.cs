using System.Collections;
using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.Vit;

/// <summary>Values of records, and of what they are made of, as a flat list of names and texts, so that two of them can be compared and what differs be named.</summary>
internal static class SettingList
{
    /// <summary>The parts of a value: what its <c>init</c> properties hold, down to numbers, names and texts.</summary>
    /// <param name="name">Before each part's name; empty for none.</param>
    /// <param name="value">A record, a list or a plain value.</param>
    /// <param name="without">Properties of the value itself that are left out.</param>
    public static IEnumerable<KeyValuePair<string, string>> Of(string name, object? value, IReadOnlyCollection<string>? without = null)
    {
        switch (value)
        {
            case null:
                return [new(name, "null")];
            case string or Enum or bool:
                return [new(name, value.ToString()!)];
            case IFormattable number when value is not IEnumerable && value.GetType().Namespace == nameof(System):
                return [new(name, number.ToString(null, CultureInfo.InvariantCulture))];
            case IEnumerable list:
                object?[] items = [.. list];
                return items.SelectMany((item, i) => Of($"{name}[{i}]", item)).Prepend(new($"{name}.Count", items.Length.ToString(CultureInfo.InvariantCulture)));
            case IDataView:
                return [new(name, "rows")]; // which, is to be said otherwise
            default:
                Type type = value.GetType();
                IEnumerable<KeyValuePair<string, string>> parts = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                    .Where(property => property.CanWrite && without?.Contains(property.Name) != true)
                    .OrderBy(property => property.Name, StringComparer.Ordinal)
                    .SelectMany(property => Of(name.Length == 0 ? property.Name : $"{name}.{property.Name}", property.GetValue(value)));
                // Of what has several forms, which it is.
                return type.BaseType is { IsAbstract: true } ? parts.Prepend(new(name, type.Name)) : parts;
        }
    }

    /// <summary>What differs, a phrase each.</summary>
    public static IReadOnlyList<string> Changes(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now) =>
    [
        .. before.Keys.Union(now.Keys)
            .Select(name => (Name: name, Before: before.GetValueOrDefault(name, "not there"), Now: now.GetValueOrDefault(name, "not there")))
            .Where(setting => setting.Before != setting.Now)
            .Select(setting => $"{setting.Name} was {setting.Before} and is {setting.Now}"),
    ];
}
