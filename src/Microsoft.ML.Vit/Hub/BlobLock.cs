namespace Microsoft.ML.Vit.Hub;

/// <summary>
/// Lets one process at a time fetch a blob. A file opened for this process alone is on Unix a flock and on Windows a denied share, which is what
/// huggingface_hub's file locks heed as well. The file stays, since another process may already wait for it.
/// </summary>
internal static class BlobLock
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until the lock is ours.</summary>
    /// <param name="path">The lock's file.</param>
    /// <param name="onWait">Called once, when another process holds it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What to dispose of to release it.</returns>
    public static async Task<IDisposable> TakeAsync(string path, Action onWait, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (bool told = false; ; told = true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (IsHeld(exception))
            {
                if (!told)
                {
                    onWait();
                }
            }
            await Task.Delay(s_poll, cancellation);
        }
    }

    /// <summary>EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.</summary>
    private static bool IsHeld(IOException exception) => exception.HResult is 11 or 35 or unchecked((int)0x80070020);
}
