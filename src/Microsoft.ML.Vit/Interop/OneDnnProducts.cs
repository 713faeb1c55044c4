using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// Lets libtorch multiply float32 matrices by oneDNN where its usual MKL does not use what the processor has: on others than Intel's MKL keeps to AVX2. Measured on a Zen 5 core: 100 GFLOP/s by MKL,
/// 190 to 220 by oneDNN, with the same accuracy; training steps are 1.3 to 1.7 times as fast.
/// </summary>
/// <remarks>
/// libtorch (2.10) hands float32 products to oneDNN only where it is told that bfloat16 would be precise enough, which oneDNN makes use of on processors with AMX and on no others:
/// so it is never told so there. It holds for the whole process. The AppContext switch <see cref="Switch"/>, set to false, leaves libtorch as it is.
/// </remarks>
internal static unsafe class OneDnnProducts
{
    public const string Switch = "Microsoft.ML.Vit.OneDnnProducts";

    // at::Float32Backend, Float32Op and Float32Precision of libtorch.
    private const int OneDnn = 2, Products = 3, BFloat16 = 3;

    internal const string GlobalContext = "_ZN2at13globalContextEv";
    private const string SetPrecision = "_ZN2at7Context19setFloat32PrecisionENS_14Float32BackendENS_9Float32OpENS_16Float32PrecisionE";

    /// <summary>Whether this processor is one on which oneDNN is the faster and as exact.</summary>
    public static bool Pays => Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.VL.IsSupported && !IsIntel && !HasAmx;

    // "Genu" of GenuineIntel.
    private static bool IsIntel => X86Base.IsSupported && X86Base.CpuId(0, 0).Ebx == 0x756e6547;

    // AMX-BF16 and AMX-TILE.
    private static bool HasAmx => X86Base.IsSupported && (X86Base.CpuId(7, 0).Edx & (1 << 22 | 1 << 24)) != 0;

    /// <summary>Turns them on where they pay and libtorch has the switch; elsewhere does nothing.</summary>
    /// <param name="libtorch">The loaded torch_cpu.</param>
    public static void UseWhereTheyPay(IntPtr libtorch)
    {
        bool wanted = !AppContext.TryGetSwitch(Switch, out bool set) || set;
        // The names are those of GCC and Clang; on Windows they are others, and libtorch stays as it is.
        if (wanted && Pays && NativeLibrary.TryGetExport(libtorch, GlobalContext, out IntPtr context) && NativeLibrary.TryGetExport(libtorch, SetPrecision, out IntPtr setPrecision))
        {
            ((delegate* unmanaged<IntPtr, int, int, int, void>)setPrecision)(((delegate* unmanaged<IntPtr>)context)(), OneDnn, Products, BFloat16);
        }
    }
}
