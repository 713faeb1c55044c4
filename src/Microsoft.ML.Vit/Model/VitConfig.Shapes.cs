namespace Microsoft.ML.Vit;

// What follows from the configuration; meaningful where Problems() is empty.
public sealed partial record VitConfig
{
    /// <summary>Patches down and across the image.</summary>
    internal PixelSize Grid => new(ImageSize.Height / PatchSize.Height, ImageSize.Width / PatchSize.Width);

    /// <summary>Patch tokens of one image, N.</summary>
    internal int PatchTokens => Grid.Height * Grid.Width;

    /// <summary>Whether there is a distillation token.</summary>
    internal bool HasDistillationToken => Distillation != VitDistillation.None;

    /// <summary>Tokens before the patches: the class token, the distillation token, then the registers.</summary>
    internal int PrefixTokens => (HasClassToken ? 1 : 0) + (HasDistillationToken ? 1 : 0) + RegisterTokens;

    /// <summary>Length of the sequence, T: prefix and patches.</summary>
    internal int Tokens => PrefixTokens + PatchTokens;

    /// <summary>Whether the class token has a row in the table of positions.</summary>
    internal bool HasClassPosition => HasClassToken && ClassTokenHasPosition;

    /// <summary>Rows of the table of positions before the patches': the class token's and the distillation token's, where they have one.</summary>
    internal int PositionPrefix => HasClassPosition ? (HasDistillationToken ? 2 : 1) : 0;

    /// <summary>Rows of the table of positions.</summary>
    internal int PositionRows => PatchTokens + PositionPrefix;

    /// <summary>Length of the vector that pooling gives to the head.</summary>
    internal int PooledSize => Pooling == VitPooling.ClassTokenAndMean ? 2 * Width : Width;

    /// <summary>Length of what the network gives: the logits, or without head the vector before it.</summary>
    internal int OutputSize => Classes > 0 ? Classes : HeadHiddenSize ?? PooledSize;

    /// <summary>Size of one head, queries, keys and values alike.</summary>
    internal int HeadSize => Width / Heads;

    /// <summary>Hidden size of a block's MLP; of SwiGLU two thirds of it, rounded up to a multiple of 8 as in DINOv2.</summary>
    internal int MlpHiddenSize
    {
        get
        {
            int hidden = (int)(Width * MlpRatio);
            return SwiGlu ? ((hidden * 2 / 3) + 7) / 8 * 8 : hidden;
        }
    }

    /// <summary>Convolutions of the convolutional stem, log2 of the patch.</summary>
    internal int StemConvolutions => int.Log2(PatchSize.Height);

    /// <summary>Channels after convolution <paramref name="index"/> of the stem: they double up to the width.</summary>
    internal int StemChannels(int index) => Width >> (StemConvolutions - 1 - index);

    /// <summary>Drop-path rate of a block: linear over depth, from 0 to <see cref="DropPath"/>.</summary>
    internal double DropPathOf(int block) => Depth > 1 ? DropPath * block / (Depth - 1) : 0;

    /// <summary>Trained numbers of the network, counted without building it, so that a file's claims are checked before anything is allocated.</summary>
    internal long ParameterCount
    {
        get
        {
            long d = Width, hidden = MlpHiddenSize;
            long attention = Linear(d, 3 * d, QkvBias) + Linear(d, d) + (QkNorm ? 4L * HeadSize : 0);
            long mlp = Linear(d, SwiGlu ? 2 * hidden : hidden) + Linear(hidden, d);
            long block = Norm(d) + attention + Norm(d) + mlp + (LayerScale is null ? 0 : 2 * d);
            long positions = Positions == VitPositions.Learned ? PositionRows * d : 0;
            long head = HeadHiddenSize is int r ? Linear(PooledSize, r) + Linear(r, Classes) : Linear(PooledSize, Classes);
            head += Distillation == VitDistillation.TokenAndHead ? Linear(d, Classes) : 0;
            return StemParameters() + (PrefixTokens * d) + positions + (Depth * block) + Norm(d) + head;
        }
    }

    private long StemParameters()
    {
        if (Stem == VitStem.PatchProjection)
        {
            return Linear((long)Channels * PatchSize.Height * PatchSize.Width, Width);
        }
        long count = 0, from = Channels;
        for (int i = 0; i < StemConvolutions; i++)
        {
            long to = StemChannels(i);
            bool last = i == StemConvolutions - 1;
            count += Linear(9 * from, to, bias: last) + (last ? 0 : Norm(to));
            from = to;
        }
        return count;
    }

    private static long Linear(long from, long to, bool bias = true) => (from * to) + (bias ? to : 0);

    private static long Norm(long size) => 2 * size;
}
