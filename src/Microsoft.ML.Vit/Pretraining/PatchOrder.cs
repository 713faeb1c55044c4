using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Pretraining;

/// <summary>Which patches of an image are seen and which are hidden: the patches in random order, of which the first are seen.</summary>
internal static class PatchOrder
{
    /// <summary>How many of an image's patches are seen: at least one, and at most all but one.</summary>
    public static int Visible(int patches, double maskRatio) => Math.Clamp((int)Math.Round(patches * (1 - maskRatio)), 1, patches - 1);

    /// <summary>An order for each image: (B, N), int64, on the CPU.</summary>
    public static Tensor Draw(int images, int patches, Random random)
    {
        long[] order = new long[images * patches];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i % patches;
        }
        for (int image = 0; image < images; image++)
        {
            random.Shuffle(order.AsSpan(image * patches, patches));
        }
        return tensor(order, [images, patches]);
    }
}
