using System.Diagnostics;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests;

/// <summary>Measures what an action leaves behind.</summary>
internal static class Leaks
{
    /// <summary>
    /// Tensors that an action leaves, with no garbage collection between that could hide any. A Parameter counts one of its own (TorchSharp never counts
    /// down the tensor it was made from), so compare an action with a shorter one of its kind.
    /// </summary>
    public static long TensorsLeft(Action action)
    {
        Settle();
        long before = torch.Tensor.TotalCount;
        Assert.IsTrue(GC.TryStartNoGCRegion(200 << 20));
        try
        {
            action();
            return torch.Tensor.TotalCount - before;
        }
        finally
        {
            if (System.Runtime.GCSettings.LatencyMode == System.Runtime.GCLatencyMode.NoGCRegion)
            {
                GC.EndNoGCRegion();
            }
        }
    }

    /// <summary>Resident memory of this process in bytes, after garbage collection.</summary>
    public static long ResidentMemory()
    {
        Settle();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
