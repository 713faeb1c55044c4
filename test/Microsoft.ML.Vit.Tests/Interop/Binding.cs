namespace Microsoft.ML.Vit.Tests.Interop;

/// <summary>TorchSharp's native library as its package has it, beside the tests.</summary>
internal static class Binding
{
    public static string Original
    {
        get
        {
            string path = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
            if (!OperatingSystem.IsLinux() || !File.Exists(path))
            {
                Assert.Inconclusive("There is no libLibTorchSharp.so on this system.");
            }
            return path;
        }
    }

    /// <summary>Whether this system's libstdc++ is too old for it, so that this very process loaded the rewritten copy.</summary>
    public static bool IsRewrittenHere => File.ReadLines("/proc/self/maps").Any(line => line.Contains("/libLibTorchSharp-", StringComparison.Ordinal));
}
