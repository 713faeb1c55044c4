using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// Keeps libtorch from asking whether NNPACK is there, a second library for convolutions: where it does not know the processor (AMD's, in virtual machines) it prints "Could not initialize NNPACK" to standard
/// error for every convolution of one small image. libtorch would use it only for 16 images and more, which oneDNN takes before.
/// </summary>
internal static unsafe class NnPack
{
    private const string SetEnabled = "_ZN2at7Context20setUserEnabledNNPACKEb";

    /// <summary>Turns it off for the process where libtorch has the switch; elsewhere does nothing.</summary>
    /// <param name="libtorch">The loaded torch_cpu.</param>
    public static void TurnOff(IntPtr libtorch)
    {
        if (NativeLibrary.TryGetExport(libtorch, OneDnnProducts.GlobalContext, out IntPtr context) && NativeLibrary.TryGetExport(libtorch, SetEnabled, out IntPtr setEnabled))
        {
            ((delegate* unmanaged<IntPtr, byte, void>)setEnabled)(((delegate* unmanaged<IntPtr>)context)(), 0);
        }
    }
}
