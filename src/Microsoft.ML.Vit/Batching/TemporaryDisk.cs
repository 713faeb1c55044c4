namespace Microsoft.ML.Vit.Batching;

/// <summary>A folder for temporary files and the room it has.</summary>
/// <param name="Folder">Where files go.</param>
/// <param name="FreeBytes">What may still be written there; null where the system does not tell.</param>
internal sealed record TemporaryDisk(string Folder, long? FreeBytes)
{
    /// <summary>Left free for everybody else.</summary>
    private const long Spared = 1L << 29;

    /// <summary>The system's folder (<c>TMPDIR</c>); where that lies in memory, as it does on some Linux systems, /var/tmp.</summary>
    public static TemporaryDisk OfSystem()
    {
        string folder = Path.GetTempPath();
        const string OnDisk = "/var/tmp";
        return !OperatingSystem.IsWindows() && TypeOf(folder) == DriveType.Ram && Directory.Exists(OnDisk) && TypeOf(OnDisk) != DriveType.Ram ? Of(OnDisk) : Of(folder);
    }

    /// <summary>A folder with the room that it has now.</summary>
    public static TemporaryDisk Of(string folder)
    {
        try
        {
            return new TemporaryDisk(folder, Math.Max(0, new DriveInfo(Root(folder)).AvailableFreeSpace - Spared));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new TemporaryDisk(folder, null);
        }
    }

    private static DriveType TypeOf(string folder)
    {
        try
        {
            return new DriveInfo(Root(folder)).DriveType;
        }
        catch (ArgumentException)
        {
            return DriveType.Unknown;
        }
    }

    /// <summary>A drive's letter on Windows; elsewhere any folder tells of the disk that it lies on.</summary>
    private static string Root(string folder) => OperatingSystem.IsWindows() ? Path.GetPathRoot(Path.GetFullPath(folder))! : folder;
}
