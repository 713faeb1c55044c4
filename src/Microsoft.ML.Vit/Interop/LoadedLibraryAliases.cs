using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// While it lives, loaded libraries also answer to other paths. The dynamic linker compares the path it is asked for with the names of what is loaded
/// before it opens a file, and the name is a field of the public <c>struct link_map</c> (link.h). Without this, "libtorch_cpu.so" beside the program would
/// be loaded as a second copy, and two copies of libtorch in one process end it.
/// </summary>
internal sealed unsafe partial class LoadedLibraryAliases : IDisposable
{
    private const int RequestLinkMap = 2;

    private readonly List<(nint NameField, nint Original, nint Alias)> _changed = [];

    /// <summary>Lets the library answer to this path in place of its own name.</summary>
    /// <param name="handle">A handle of dlopen.</param>
    /// <param name="path">The path as the runtime will ask for it.</param>
    public void Add(nint handle, string path)
    {
        nint linkMap = 0;
        if (GetInformation(handle, RequestLinkMap, &linkMap) != 0 || linkMap == 0)
        {
            return;
        }
        nint nameField = linkMap + sizeof(nint);
        nint alias = Marshal.StringToCoTaskMemUTF8(path);
        _changed.Add((nameField, *(nint*)nameField, alias));
        *(nint*)nameField = alias;
    }

    /// <summary>Gives the libraries their own names back.</summary>
    public void Dispose()
    {
        foreach ((nint nameField, nint original, nint alias) in _changed)
        {
            *(nint*)nameField = original;
            Marshal.FreeCoTaskMem(alias);
        }
        _changed.Clear();
    }

    [LibraryImport("libc", EntryPoint = "dlinfo")]
    private static partial int GetInformation(nint handle, int request, nint* result);
}
