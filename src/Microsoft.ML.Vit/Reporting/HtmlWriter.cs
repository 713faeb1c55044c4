using System.Globalization;
using System.Text;
using System.Xml;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>Writes HTML that is also well-formed XML: every element closed, every text and attribute escaped.</summary>
/// <param name="xml">Where to.</param>
internal sealed class HtmlWriter(XmlWriter xml)
{
    // The elements of HTML that have no end tag; all others need one, even where they are empty.
    private static readonly HashSet<string> s_void = ["meta", "img", "br", "hr", "link", "input", "col"];

    private readonly Scope _scope = new(xml);

    /// <summary>Opens an element, which disposing the result closes.</summary>
    public IDisposable Open(string name, params ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        Start(name, attributes);
        return _scope;
    }

    /// <summary>An element without content.</summary>
    public void Empty(string name, params ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        Start(name, attributes);
        if (s_void.Contains(name))
        {
            xml.WriteEndElement();
        }
        else
        {
            xml.WriteFullEndElement();
        }
    }

    /// <summary>An element of text.</summary>
    public void Element(string name, string text, params ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        Start(name, attributes);
        Text(text);
        xml.WriteFullEndElement();
    }

    /// <summary>Text. What XML cannot hold, control characters for example, becomes U+FFFD.</summary>
    public void Text(string text) => xml.WriteString(Clean(text));

    private void Start(string name, ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        xml.WriteStartElement(name);
        foreach ((string key, object? value) in attributes)
        {
            // Null leaves the attribute out.
            if (value is not null)
            {
                xml.WriteAttributeString(key, Clean(value as string ?? ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture)));
            }
        }
    }

    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool kept = rune.Value is '\t' or '\n' or '\r' || rune.Value is >= 0x20 and not (>= 0x7F and <= 0x9F) and not 0xFFFE and not 0xFFFF;
            clean.Append(kept ? rune : Rune.ReplacementChar);
        }
        return clean.ToString();
    }

    private sealed class Scope(XmlWriter xml) : IDisposable
    {
        public void Dispose() => xml.WriteFullEndElement();
    }
}
