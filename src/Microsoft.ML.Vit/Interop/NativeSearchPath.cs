using System.Reflection;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Interop;

/// <summary>The folders in which the runtime looks for a program's native libraries, in its order.</summary>
internal static class NativeSearchPath
{
    /// <summary>Folders that exist, for a library asked for by this assembly.</summary>
    public static IEnumerable<string> Folders(Assembly assembly)
    {
        string listed = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        IEnumerable<string> beside = [AppContext.BaseDirectory];
        if (assembly.Location is { Length: > 0 } location)
        {
            string folder = Path.GetDirectoryName(location)!;
            beside = beside.Append(folder).Append(Path.Combine(folder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"));
        }
        return listed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Concat(beside).Where(Directory.Exists);
    }

    /// <summary>The first file of this name, or null.</summary>
    public static string? Find(string fileName, Assembly assembly) =>
        Folders(assembly).Select(folder => Path.Combine(folder, fileName)).FirstOrDefault(File.Exists);
}
