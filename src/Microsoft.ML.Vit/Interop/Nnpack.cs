using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// Keeps libtorch from asking for NNPACK, its oldest way to convolve, which it considers for single small images. Where NNPACK does not know the processor, as it does not know AMD's newer ones, libtorch
/// writes a line about that to standard error at every convolution.
/// </summary>
internal static unsafe class Nnpack
{
    private const string GlobalContext = "_ZN2at13globalContextEv";
    private const string SetEnabled = "_ZN2at7Context20setUserEnabledNNPACKEb";

    /// <summary>Turns it off for the process where libtorch has the switch.</summary>
    /// <param name="libtorch">The loaded torch_cpu.</param>
    public static void TurnOff(IntPtr libtorch)
    {
        // The names are those of GCC and Clang.
        if (NativeLibrary.TryGetExport(libtorch, GlobalContext, out IntPtr context) && NativeLibrary.TryGetExport(libtorch, SetEnabled, out IntPtr setEnabled))
        {
            ((delegate* unmanaged<IntPtr, byte, void>)setEnabled)(((delegate* unmanaged<IntPtr>)context)(), 0);
        }
    }
}
