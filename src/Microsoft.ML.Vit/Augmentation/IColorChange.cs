using System.Numerics;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>A change of colours that looks at each pixel by itself.</summary>
internal interface IColorChange
{
    /// <summary>Changes a vector of pixels, values 0 to 255 before and after.</summary>
    void Change(ref Vector<int> red, ref Vector<int> green, ref Vector<int> blue);
}
