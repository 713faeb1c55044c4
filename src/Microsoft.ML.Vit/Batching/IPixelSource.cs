namespace Microsoft.ML.Vit.Batching;

/// <summary>Images of one shape, which can be read again and again by their index.</summary>
internal interface IPixelSource
{
    /// <summary>The shape of every image.</summary>
    ImageShape Shape { get; }

    /// <summary>
    /// Null: images may be read in any order. Else they are decoded in the order of the rows and at most so many wait to be read, so an order must be one that
    /// <see cref="ShuffleWindow"/> gives for this number, or that of the rows.
    /// </summary>
    int? Window { get; }

    /// <summary>Begins to read images. The caller disposes the pass.</summary>
    /// <param name="order">The images that will be read, in this order; an image may be there more than once.</param>
    IPixelPass Read(ReadOnlySpan<int> order);
}
