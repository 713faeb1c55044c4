using System.Runtime.CompilerServices;
using Microsoft.ML.Vit.Interop;
using TorchSharp;

[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

// Tests share two cores and libtorch's thread pool: one at a time keeps timings and leak counts honest.
[assembly: DoNotParallelize]

namespace Microsoft.ML.Vit.Tests;

[TestClass]
public static class AssemblySetup
{
    /// <summary>Tiny networks gain nothing from a second thread, and on a busy machine two that wait for each other lose much.</summary>
    [AssemblyInitialize]
    public static void UseOneThread(TestContext context)
    {
        NativeLoader.EnsureLoaded();
        torch.set_num_threads(1);
    }
}
