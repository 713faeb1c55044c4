using System.Globalization;
using Microsoft.ML.Runtime;
using TorchSharp;

namespace Microsoft.ML.Vit.Interop;

/// <summary>Chooses where to compute, from what the options and the MLContext ask for and what the machine has.</summary>
internal static class DeviceSelector
{
    /// <summary>Whether a device's name is "auto", "cpu", "cuda" or "cuda:N".</summary>
    public static bool IsName(string? name) => name is "auto" or "cpu" or "cuda" || CudaIndex(name) is not null;

    /// <summary>The device for what an MLContext asks for; the log says which was taken and why.</summary>
    /// <param name="environment">The MLContext's, looked at now, since its settings may have changed.</param>
    /// <param name="channel">The log.</param>
    /// <param name="name">"auto", "cpu", "cuda" or "cuda:N".</param>
    /// <param name="what">What is done there, for the log: "Trains" or "Scores".</param>
    /// <exception cref="InvalidOperationException">CUDA is asked for, absent, and the CPU not allowed in its place.</exception>
    public static torch.Device Select(IHostEnvironment environment, IChannel channel, string name, string what)
    {
        var context = environment as IHostEnvironmentInternal;
        (torch.Device device, string reason) = Select(name, context?.GpuDeviceId, context?.FallbackToCpu ?? true);
        channel.Info($"{what} on {device}: {reason}.");
        return device;
    }

    /// <summary>The device, and a sentence on why it.</summary>
    /// <param name="name">"auto", "cpu", "cuda" or "cuda:N".</param>
    /// <param name="gpuDeviceId">MLContext.GpuDeviceId.</param>
    /// <param name="fallbackToCpu">MLContext.FallbackToCpu.</param>
    /// <exception cref="InvalidOperationException">CUDA is asked for, absent, and the CPU not allowed in its place.</exception>
    public static (torch.Device Device, string Reason) Select(string name, int? gpuDeviceId, bool fallbackToCpu)
    {
        NativeLoader.EnsureLoaded();
        if (name == "cpu")
        {
            return (torch.CPU, "the options ask for it");
        }
        bool asked = name != "auto" || gpuDeviceId is not null;
        int index = CudaIndex(name) ?? gpuDeviceId ?? 0;
        string asking = name != "auto" ? $"Device is \"{name}\"" : gpuDeviceId is not null ? $"MLContext.GpuDeviceId is {gpuDeviceId}" : "nothing else is asked for";
        int devices = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if (index < devices)
        {
            return (torch.device($"cuda:{index.ToString(CultureInfo.InvariantCulture)}"), asking);
        }
        string found = devices > 0
            ? $"this machine has {devices} CUDA device(s), numbered from 0"
            : "libtorch finds no CUDA device here (the package TorchSharp-cuda-linux or TorchSharp-cuda-windows and NVIDIA's driver are needed for one)";
        if (asked && !fallbackToCpu)
        {
            throw new InvalidOperationException($"{asking}, but {found}. Set MLContext.FallbackToCpu to use the CPU in its place.");
        }
        return (torch.CPU, asked ? $"{asking}, but {found}; MLContext.FallbackToCpu allows the CPU" : found);
    }

    private static int? CudaIndex(string? name) =>
        name is not null && name.StartsWith("cuda:", StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;
}
