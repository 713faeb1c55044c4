using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// Brings libtorch and TorchSharp's binding into the process before TorchSharp itself looks for them: from the folder that the environment
/// variable LIBTORCH names, else from the program's packages; on systems with an older libstdc++ through a <see cref="CompatibleBinding"/>. Without
/// this, TorchSharp answers a missing library by printing a trace and copying half a gigabyte beside the program.
/// </summary>
internal static class NativeLoader
{
    private const string Binding = "LibTorchSharp";

    private static readonly Lock s_gate = new();
    private static bool s_loaded;

    /// <summary>The libtorch folder that LIBTORCH chose; null when the program's packages serve.</summary>
    private static LibtorchFolder? s_libtorch;

    /// <summary>The loaded torch_cpu; 0 before <see cref="EnsureLoaded"/>.</summary>
    public static nint TorchCpu { get; private set; }

    /// <summary>Loads libtorch once; every public way into the library calls it before its first tensor.</summary>
    /// <exception cref="DllNotFoundException">No libtorch, or one that does not load; the message says what to add or what was looked for.</exception>
    public static void EnsureLoaded()
    {
        lock (s_gate)
        {
            if (!s_loaded)
            {
                Load();
                s_loaded = true;
            }
        }
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "A program may touch TorchSharp through our types before any call that could register this.")]
    internal static void Register()
    {
        AssemblyLoadContext.GetLoadContext(TorchSharpAssembly)!.ResolvingUnmanagedDll += Resolve;
    }

    private static Assembly TorchSharpAssembly => typeof(torch).Assembly;

    private static void Load()
    {
        OpenMPThreads.WaitBriefly();
        NativeAllocator.KeepMemory();
        s_libtorch = LibtorchFolder.FromEnvironment();
        s_libtorch?.Load();
        if (s_libtorch is null && !NativeLibrary.TryLoad("torch_cpu", TorchSharpAssembly, null, out _))
        {
            throw new DllNotFoundException(
                "libtorch, the native library that computes for Microsoft.ML.Vit, is not beside this program. Add one of these packages to the program's project: "
                + "TorchSharp-cpu, TorchSharp-cuda-linux or TorchSharp-cuda-windows. Or set the environment variable LIBTORCH to the folder of a libtorch that is on this machine, "
                + "that of an installed PyTorch for example.");
        }
        try
        {
            using (s_libtorch?.ShadowPackaged(NativeSearchPath.Folders(TorchSharpAssembly)))
            {
                // TorchSharp would answer a binding that does not load by its copy, so that is found out before.
                NativeLibrary.Load(Binding, TorchSharpAssembly, null);
                torch.TryInitializeDeviceType(DeviceType.CPU);
            }
            if (s_libtorch?.HandleOf("torch_cpu") is { } handle and not 0 || NativeLibrary.TryLoad("torch_cpu", TorchSharpAssembly, null, out handle))
            {
                TorchCpu = handle;
                OneDnnProducts.UseWhereTheyPay(handle);
                NnPack.TurnOff(handle);
            }
        }
        catch (TypeInitializationException e)
        {
            throw new DllNotFoundException($"TorchSharp could not start: {(e.InnerException ?? e).Message}", e);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException(
                $"{Binding}, the native part of the package TorchSharp, could not be loaded on this system ({RuntimeInformation.RuntimeIdentifier}): {e.Message}", e);
        }
    }

    /// <summary>Asked by the runtime only where its own probing found nothing that loads.</summary>
    private static nint Resolve(Assembly assembly, string name)
    {
        if (assembly != TorchSharpAssembly)
        {
            return 0;
        }
        if (name is "torch_cpu" or "torch_cuda" or "torch")
        {
            return s_libtorch?.HandleOf(name) ?? 0;
        }
        if (name != Binding || !OperatingSystem.IsLinux())
        {
            return 0;
        }
        if (s_libtorch is null)
        {
            // The copy's run path does not lead to libtorch, so its parts must be in the process already.
            NativeLibrary.TryLoad("torch", TorchSharpAssembly, null, out _);
        }
        string? original = NativeSearchPath.Find("libLibTorchSharp.so", assembly);
        return original is null ? 0 : CompatibleBinding.Load(original);
    }
}
