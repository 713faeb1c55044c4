using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// libtorch's products of bytes by oneDNN, which TorchSharp does not bind, through the C functions that PyTorch's compiled models call (torch/csrc/inductor/aoti_torch/c/shim_mkldnn.h): weights packed
/// once, then y = (x - zero point) * scale * Wᵀ * scales + b with what follows fused in. Handles are lent, results are the caller's.
/// </summary>
internal static unsafe class Int8Kernels
{
    /// <summary>The AppContext switch that, set to false, lets the kernels be missing.</summary>
    public const string Switch = "Microsoft.ML.Vit.Int8Kernels";

    // c10::ScalarType.
    private const int Byte = 0, Float32 = 6;

    private static readonly Lazy<Functions?> s_functions = new(Functions.Find);
    private static readonly Lazy<string?> s_problem = new(FindProblem);

    /// <summary>Why there are none here; null where they can be used.</summary>
    public static string? Problem => AppContext.TryGetSwitch(Switch, out bool on) && !on ? $"the AppContext switch {Switch} is off" : s_problem.Value;

    /// <summary>The matrix (out, in), int8, in oneDNN's layout for this processor.</summary>
    public static Tensor Pack(Tensor weight)
    {
        Functions functions = s_functions.Value!;
        // The dispatcher takes its arguments over, so it gets a handle of its own; the second is an absent optional.
        ulong* stack = stackalloc ulong[2];
        nint handle;
        Check(functions.NewHandle(weight.Handle, &handle));
        (stack[0], stack[1]) = ((ulong)handle, 0);
        fixed (byte* name = "onednn::qlinear_prepack\0"u8, overload = "\0"u8)
        {
            Check(functions.CallDispatcher(name, overload, stack, functions.AbiVersion()));
        }
        return Tensor.UnsafeCreateTensor((nint)stack[0]);
    }

    /// <summary>The product, as float32.</summary>
    public static Tensor Multiply(Tensor x, in Int8Operands operands) => Multiply(x, operands, Float32, 1, 0, "none\0"u8, "none\0"u8);

    /// <summary>The product's activation, quantised.</summary>
    /// <param name="x">Bytes (rows, in).</param>
    /// <param name="operands">The rest of the product.</param>
    /// <param name="scale">The result's.</param>
    /// <param name="zeroPoint">The result's.</param>
    /// <param name="activation">oneDNN's name of it, and after it its variant's, each ended by a zero.</param>
    public static Tensor MultiplyAndActivate(Tensor x, in Int8Operands operands, float scale, int zeroPoint, ReadOnlySpan<byte> activation) =>
        Multiply(x, operands, Byte, scale, zeroPoint, activation, activation[(activation.IndexOf((byte)0) + 1)..]);

    /// <summary>Adds the product to float32 (rows, out) in place.</summary>
    public static void MultiplyAndAdd(Tensor x, in Int8Operands operands, Tensor sum)
    {
        nint bias = operands.Bias?.Handle ?? 0, other = sum.Handle, result;
        int type = Float32;
        fixed (byte* add = "sum\0"u8, none = "none\0"u8)
        {
            Check(s_functions.Value!.MultiplyAndAdd(
                x.Handle, operands.Scale.Handle, operands.ZeroPoint.Handle, operands.Weight.Handle, operands.WeightScales.Handle, operands.WeightZeroPoints.Handle,
                &other, bias == 0 ? null : &bias, 1, 0, &type, 1, 0, add, 1, none, null, 0, none, &result));
        }
        Tensor.UnsafeCreateTensor(result).Dispose(); // the sum itself, by another handle
    }

    /// <summary>Divides rows among libtorch's threads as its own kernels do.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="grain">The fewest for a thread.</param>
    /// <param name="body">Does the rows from the first number to before the second; must not throw.</param>
    /// <param name="context">Given to it.</param>
    public static void ForRows(long rows, long grain, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context) =>
        Check(s_functions.Value!.ParallelFor(0, rows, grain, body, context));

    private static Tensor Multiply(Tensor x, in Int8Operands operands, int type, double scale, long zeroPoint, ReadOnlySpan<byte> activation, ReadOnlySpan<byte> variant)
    {
        nint bias = operands.Bias?.Handle ?? 0, result;
        fixed (byte* activationName = activation, variantName = variant)
        {
            Check(s_functions.Value!.Multiply(
                x.Handle, operands.Scale.Handle, operands.ZeroPoint.Handle, operands.Weight.Handle, operands.WeightScales.Handle, operands.WeightZeroPoints.Handle,
                bias == 0 ? null : &bias, scale, zeroPoint, &type, activationName, null, 0, variantName, &result));
        }
        return Tensor.UnsafeCreateTensor(result);
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException("libtorch's int8 kernel failed; what it says is on the standard error.");
        }
    }

    private static string? FindProblem()
    {
        NativeLoader.EnsureLoaded();
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return $"the processor is {RuntimeInformation.ProcessArchitecture}, and the kernels are x64's";
        }
        if (!HasByteProducts)
        {
            return "the processor has neither AVX512-VNNI nor AVX-VNNI, without which products of bytes overflow";
        }
        if (s_functions.Value is null)
        {
            return "this libtorch does not export them (2.10 for Linux does)";
        }
        return GivesExactSums() ? null : "their sums overflow here";
    }

    // Leaf 7: AVX512_VNNI; its sub-leaf 1: AVX_VNNI.
    private static bool HasByteProducts =>
        X86Base.IsSupported && ((X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0 || (X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 4)) != 0));

    /// <summary>Multiplies the largest values there are: oneDNN may be kept from the instructions that the processor has, and then sums in 16 bits.</summary>
    private static bool GivesExactSums()
    {
        const int Size = 64;
        try
        {
            using var scope = NewDisposeScope();
            using var inference = inference_mode();
            var operands = new Int8Operands
            {
                Weight = Pack(full([Size, Size], 127, ScalarType.Int8)),
                WeightScales = ones(Size, ScalarType.Float32),
                WeightZeroPoints = zeros(Size, ScalarType.Int32),
                Bias = null,
                Scale = tensor(1f),
                ZeroPoint = tensor(0),
            };
            Tensor x = full([Size, Size], 255, ScalarType.Byte);
            return Multiply(x, operands).eq(255f * 127 * Size).all().item<bool>();
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private sealed class Functions
    {
        public required delegate* unmanaged[Cdecl]<nint, nint*, int> NewHandle { get; init; }

        public required delegate* unmanaged[Cdecl]<byte*, byte*, ulong*, ulong, int> CallDispatcher { get; init; }

        public required delegate* unmanaged[Cdecl]<ulong> AbiVersion { get; init; }

        public required delegate* unmanaged[Cdecl]<long, long, long, delegate* unmanaged[Cdecl]<long, long, void*, void>, void*, int> ParallelFor { get; init; }

        public required delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, nint, nint*, double, long, int*, byte*, double**, long, byte*, nint*, int> Multiply { get; init; }

        public required delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, nint, nint*, nint*, double, long, int*, double, long, byte*, double, byte*, double**, long, byte*, nint*, int> MultiplyAndAdd { get; init; }

        public static Functions? Find()
        {
            static nint Export(string name) => NativeLibrary.TryGetExport(NativeLoader.TorchCpu, name, out nint address) ? address : 0;
            nint newHandle = Export("aoti_torch_new_tensor_handle"), call = Export("torch_call_dispatcher"), version = Export("aoti_torch_abi_version");
            nint parallelFor = Export("torch_parallel_for"), multiply = Export("aoti_torch_cpu__qlinear_pointwise_tensor"), add = Export("aoti_torch_cpu__qlinear_pointwise_binary_tensor");
            return new[] { newHandle, call, version, parallelFor, multiply, add }.Contains(0) ? null : new Functions
            {
                NewHandle = (delegate* unmanaged[Cdecl]<nint, nint*, int>)newHandle,
                CallDispatcher = (delegate* unmanaged[Cdecl]<byte*, byte*, ulong*, ulong, int>)call,
                AbiVersion = (delegate* unmanaged[Cdecl]<ulong>)version,
                ParallelFor = (delegate* unmanaged[Cdecl]<long, long, long, delegate* unmanaged[Cdecl]<long, long, void*, void>, void*, int>)parallelFor,
                Multiply = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, nint, nint*, double, long, int*, byte*, double**, long, byte*, nint*, int>)multiply,
                MultiplyAndAdd = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, nint, nint*, nint*, double, long, int*, double, long, byte*, double, byte*, double**, long, byte*, nint*, int>)add,
            };
        }
    }
}
