using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// Keeps libtorch's threads from waiting for each other at full speed. GNU's OpenMP spins for milliseconds at every barrier; where another program wants
/// the same cores, the spinning thread holds up the one it waits for. Measured on two busy cores, training the 32-pixel variant: 12 images a second with the default,
/// 243 with this.
/// </summary>
internal static partial class OpenMPThreads
{
    /// <summary>Rounds of a few nanoseconds: enough for the gaps within a forward pass, too few to hold a core.</summary>
    private const string Spins = "10000";

    /// <summary>Takes effect only before libtorch is loaded, and not where the user has set how threads wait.</summary>
    public static void WaitBriefly()
    {
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
        {
            // .NET's own SetEnvironmentVariable does not reach native code.
            SetEnvironmentVariable("GOMP_SPINCOUNT", Spins, overwrite: 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);
}
