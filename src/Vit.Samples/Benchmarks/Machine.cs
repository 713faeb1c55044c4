using System.Runtime.InteropServices;

namespace Vit.Samples.Benchmarks;

/// <summary>What a measurement ran on.</summary>
internal static class Machine
{
    /// <summary>The processor's name where the system tells it, and the number of cores.</summary>
    public static string Cpu => $"{Name ?? RuntimeInformation.ProcessArchitecture.ToString()}, {Environment.ProcessorCount} cores";

    private static string? Name => !OperatingSystem.IsLinux() ? null
        : File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
