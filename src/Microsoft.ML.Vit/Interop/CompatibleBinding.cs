using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// A copy of TorchSharp's libLibTorchSharp.so that loads where libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04, RHEL 9), made on demand in a
/// per-user cache folder. Safe for processes that start at once: a file appears there whole, by a rename, or not at all.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class CompatibleBinding
{
    /// <summary>Loads the copy. One in a temporary folder, which no other process would find, is deleted again: what is loaded stays without its name.</summary>
    /// <param name="original">The package's library.</param>
    /// <exception cref="DllNotFoundException">The library is not what the rewrite expects, does not load even so, or no folder can be written to.</exception>
    public static nint Load(string original)
    {
        (string path, bool isTemporary) = PathFor(original);
        try
        {
            return NativeLibrary.Load(path);
        }
        finally
        {
            if (isTemporary)
            {
                Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
            }
        }
    }

    /// <summary>The copy's path, and whether it lies in a temporary folder; it is written first where it is not there yet, or not as it should be.</summary>
    public static (string Path, bool IsTemporary) PathFor(string original)
    {
        byte[] bytes = File.ReadAllBytes(original);
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
        try
        {
            GlibcxxRequirement.Lower(bytes);
        }
        catch (FormatException e)
        {
            throw new DllNotFoundException($"{original} does not load on this system, and it is not the library that Microsoft.ML.Vit knows how to adapt: {e.Message}", e);
        }
        string fileName = $"libLibTorchSharp-{hash}.so";
        foreach (Func<string> folder in new[] { CacheFolder, PrivateTemporaryFolder })
        {
            try
            {
                string path = Path.Combine(folder(), fileName);
                if (!Holds(path, bytes))
                {
                    WriteAtomically(path, bytes);
                }
                return (path, folder == PrivateTemporaryFolder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A home that cannot be written to (containers have such): a temporary folder serves this process.
            }
        }
        throw new DllNotFoundException($"No folder to write {fileName} to.");
    }

    private static string CacheFolder()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache) || !Path.IsPathRooted(cache))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            cache = home.Length > 0 ? Path.Combine(home, ".cache") : throw new IOException("This user has no home folder.");
        }
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        string folder = Directory.CreateDirectory(Path.Combine(cache, "Microsoft.ML.Vit"), Private).FullName;
        // Code is loaded from here, so nobody else may write; of a folder that was there before, the mode is set too, which only its owner can.
        File.SetUnixFileMode(folder, Private);
        return folder;
    }

    private static string PrivateTemporaryFolder() => Directory.CreateTempSubdirectory("Microsoft.ML.Vit-").FullName;

    private static bool Holds(string path, byte[] bytes) =>
        File.Exists(path) && new FileInfo(path).Length == bytes.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes);

    private static void WriteAtomically(string path, byte[] bytes)
    {
        string temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}";
        try
        {
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
