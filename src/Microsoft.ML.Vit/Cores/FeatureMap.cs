namespace Microsoft.ML.Vit.Cores;

/// <summary>The layout in memory of what a convolution reads: planes of rows of pixels of channels. An image has a plane for each of its channels; what a convolution gives has one plane of all channels.</summary>
/// <param name="Planes">One after the other.</param>
/// <param name="Height">Rows of a plane.</param>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Channels">Values of a pixel, side by side.</param>
internal readonly record struct FeatureMap(int Planes, int Height, int Width, int Channels);
