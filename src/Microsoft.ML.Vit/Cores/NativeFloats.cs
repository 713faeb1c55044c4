using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Cores;

/// <summary>Floats outside the managed heap, zero at first, aligned to a cache line as vectors want it.</summary>
internal sealed unsafe class NativeFloats : IDisposable
{
    private const int CacheLine = 64;

    private float* _memory;

    /// <summary>Allocates them.</summary>
    public NativeFloats(long count)
    {
        nuint bytes = checked((nuint)count * sizeof(float));
        _memory = (float*)NativeMemory.AlignedAlloc(bytes, CacheLine);
        NativeMemory.Clear(_memory, bytes);
    }

    ~NativeFloats() => Free();

    /// <summary>The first of them; only while this is reachable and not disposed.</summary>
    public float* Pointer => _memory != null ? _memory : throw new ObjectDisposedException(nameof(NativeFloats));

    /// <summary>Frees them; may be called twice.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
