using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Interop;

/// <summary>A libtorch that is already on the machine, named by the environment variable LIBTORCH as for tch-rs: the folder that holds <c>lib/</c>.</summary>
internal sealed class LibtorchFolder
{
    private const string Variable = "LIBTORCH";

    private static readonly string[] s_required = ["c10", "torch_cpu", "torch"];

    private readonly Dictionary<string, nint> _handles = [];

    private LibtorchFolder(string libraries) => Libraries = libraries;

    /// <summary>Where the libraries lie.</summary>
    public string Libraries { get; }

    /// <summary>The folder that LIBTORCH names; null when it is not set.</summary>
    /// <exception cref="DllNotFoundException">The folder does not hold a libtorch; the message lists what was looked for.</exception>
    public static LibtorchFolder? FromEnvironment()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(named))
        {
            return null;
        }
        string[] candidates = [Path.GetFullPath(Path.Combine(named, "lib")), Path.GetFullPath(named)];
        string? found = candidates.FirstOrDefault(folder => s_required.All(library => File.Exists(Path.Combine(folder, FileName(library)))));
        return found is not null
            ? new LibtorchFolder(found)
            : throw new DllNotFoundException(
                $"The environment variable {Variable} is '{named}', but no libtorch is there: looked for {string.Join(", ", s_required.Select(FileName))} in "
                + $"{string.Join(" and in ", candidates)}. Set it to the folder that holds libtorch's lib folder (of a PyTorch: the package's folder 'torch'), or unset it to use the program's own package.");
    }

    /// <summary>Loads libtorch, with its CUDA part where there is one.</summary>
    /// <exception cref="DllNotFoundException">A library is there and does not load.</exception>
    public void Load()
    {
        foreach (string library in s_required.Append("torch_cuda"))
        {
            string path = Path.Combine(Libraries, FileName(library));
            if (!File.Exists(path))
            {
                continue;
            }
            try
            {
                _handles[library] = NativeLibrary.Load(path);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                throw new DllNotFoundException($"{path}, named by the environment variable {Variable}, could not be loaded: {e.Message}", e);
            }
        }
    }

    /// <summary>The handle of a loaded library, or zero.</summary>
    public nint HandleOf(string library) => _handles.GetValueOrDefault(library);

    /// <summary>
    /// Keeps a second libtorch, that of the program's package, out of the process while TorchSharp asks the runtime for "torch_cpu" by name:
    /// on Linux the loaded libraries answer to the packaged ones' paths until the result is disposed.
    /// </summary>
    /// <param name="searched">The folders in which the runtime would find the packaged ones.</param>
    /// <exception cref="DllNotFoundException">Elsewhere than on Linux, where a program that holds a libtorch cannot be given another.</exception>
    public IDisposable? ShadowPackaged(IEnumerable<string> searched)
    {
        var aliases = new LoadedLibraryAliases();
        foreach ((string library, nint handle) in _handles)
        {
            string? packaged = searched.Select(folder => Path.Combine(folder, FileName(library))).FirstOrDefault(File.Exists);
            if (packaged is null)
            {
                continue;
            }
            if (!OperatingSystem.IsLinux())
            {
                throw new DllNotFoundException(
                    $"The environment variable {Variable} names {Libraries}, but the program has a libtorch of its own ({packaged}). Build it without a libtorch package, or unset {Variable}.");
            }
            aliases.Add(handle, packaged);
        }
        return aliases;
    }

    private static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";
}
