namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// Everything random in a training, as a function of its seed and of where the training stands: an epoch's order, an image's augmentation, a step's mixing and dropout.
/// So nothing depends on which thread makes a batch, and a training that goes on later draws what it would have drawn.
/// </summary>
/// <param name="seed">The training's.</param>
internal sealed class RandomStreams(int seed)
{
    /// <summary>What is drawn; equal places in a training draw different numbers for each.</summary>
    private enum Purpose
    {
        Order = 1,
        Image,
        Batch,
        Dropout,
        Pretraining,
        Mask,
        Decoder,
    }

    /// <summary>For the order of an epoch's images.</summary>
    /// <param name="epoch">From 1.</param>
    public Random Order(int epoch) => Generator(Purpose.Order, epoch, 0);

    /// <summary>For the changes of one image.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="place">The image's place in the epoch's order, from 0.</param>
    public Random Image(int epoch, int place) => Generator(Purpose.Image, epoch, place);

    /// <summary>For what is done to one batch as a whole.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="batch">The batch's place in the epoch, from 0.</param>
    public Random Batch(int epoch, int batch) => Generator(Purpose.Batch, epoch, batch);

    /// <summary>The seed of torch's generator for the units that one batch's forward pass drops.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="batch">The batch's place in the epoch, from 0.</param>
    public long Dropout(int epoch, int batch) => (long)Hash(Purpose.Dropout, epoch, batch);

    /// <summary>The streams of the pre-training before this training; they draw other numbers at equal places.</summary>
    /// <param name="set">Which of its sets of images, from 1: sets draw independently of each other. 0 for its steps.</param>
    public RandomStreams Pretraining(int set) => new((int)(Hash(Purpose.Pretraining, 0, set) >> 32));

    /// <summary>For the patches that pre-training hides in the images of one batch.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="batch">The batch's place in the epoch, from 0.</param>
    public Random Mask(int epoch, int batch) => Generator(Purpose.Mask, epoch, batch);

    /// <summary>The seed of torch's generator for a decoder's first weights.</summary>
    public long Decoder() => (long)Hash(Purpose.Decoder, 0, 0);

    private Random Generator(Purpose purpose, int epoch, int place) => new((int)(Hash(purpose, epoch, place) >> 33));

    /// <summary>SplitMix64's output function (Steele et al. 2014) over the coordinates, one after the other.</summary>
    private ulong Hash(Purpose purpose, int epoch, int place)
    {
        ulong hash = Mix((uint)seed + ((ulong)purpose << 32));
        hash = Mix(hash ^ (uint)epoch);
        return Mix(hash ^ (uint)place);
    }

    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
