using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// The elements of a list of float32 tensors on the CPU in parts that the cores take one after the other: one start and one wait for the whole list, where libtorch's operations over lists have them for each
/// tensor. Measured on two busy cores: AdamW for the 152 tensors of ViT-Ti/16 takes a quarter of the time of torch._fused_adamw_, whose threads wait for each other 152 times.
/// </summary>
internal sealed class ElementParts
{
    /// <summary>Of a part at most: four tensors' parts stay in the second-level cache.</summary>
    private const int Size = 1 << 15;

    private readonly (int Tensor, long Start, int Count)[] _parts;

    /// <summary>Divides tensors of so many elements each.</summary>
    public ElementParts(IEnumerable<Tensor> tensors) => _parts = [.. tensors.SelectMany(Divide)];

    /// <summary>How many there are.</summary>
    public int Count => _parts.Length;

    /// <summary>Whether all are such tensors, without gaps.</summary>
    public static bool CanDivide(IEnumerable<Tensor> tensors) =>
        tensors.All(tensor => tensor.device_type == DeviceType.CPU && tensor.dtype == ScalarType.Float32 && tensor.is_contiguous());

    /// <summary>Where each tensor's memory begins; as long as the tensor lives.</summary>
    public static unsafe float*[] Pointers(IReadOnlyList<Tensor> tensors)
    {
        var pointers = new float*[tensors.Count];
        for (int i = 0; i < pointers.Length; i++)
        {
            pointers[i] = Floats.Pointer(tensors[i]);
        }
        return pointers;
    }

    /// <summary>Does the work for each part by all cores, in no particular order; by the caller's thread where the cores work for another.</summary>
    /// <param name="work">Given the number of the part, of its tensor, its first element there and how many.</param>
    public void ForEach(Action<int, int, long, int> work)
    {
        int next = -1;
        void Run()
        {
            for (int i = Interlocked.Increment(ref next); i < _parts.Length; i = Interlocked.Increment(ref next))
            {
                (int tensor, long start, int count) = _parts[i];
                work(i, tensor, start, count);
            }
        }
        if (!CoreThreads.Shared.TryForEach(_ => Run()))
        {
            Run();
        }
    }

    private static IEnumerable<(int Tensor, long Start, int Count)> Divide(Tensor tensor, int index)
    {
        long length = tensor.numel();
        for (long start = 0; start < length; start += Size)
        {
            yield return (index, start, (int)Math.Min(Size, length - start));
        }
    }
}
