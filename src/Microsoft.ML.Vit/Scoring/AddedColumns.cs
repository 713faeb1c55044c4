using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>The columns that a network's output vector becomes.</summary>
internal abstract class AddedColumns
{
    /// <summary>Length of the network's output for one image.</summary>
    public abstract int VectorLength { get; }

    /// <summary>The columns as they are added to rows of this schema.</summary>
    public abstract DataViewSchema.DetachedColumn[] For(DataViewSchema input);

    /// <summary>The getter of one of them.</summary>
    /// <param name="index">Its place among the added columns.</param>
    /// <param name="current">The current row's output, computed when it is asked for.</param>
    public abstract Delegate GetterOf(int index, CurrentVector current);

    /// <summary>Makes a dense vector column's value.</summary>
    protected static void Copy(ReadOnlySpan<float> values, ref VBuffer<float> target)
    {
        VBufferEditor<float> editor = VBufferEditor.Create(ref target, values.Length);
        values.CopyTo(editor.Values);
        target = editor.Commit();
    }

    /// <summary>Gives the current row's output vector, valid until the next row.</summary>
    internal delegate ReadOnlySpan<float> CurrentVector();
}
