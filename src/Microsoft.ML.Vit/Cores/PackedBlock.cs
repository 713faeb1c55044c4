namespace Microsoft.ML.Vit.Cores;

/// <summary>The weights of one transformer block, LayerScale multiplied in, in the order in which products read them.</summary>
internal sealed record PackedBlock(RowNormalization Norm1, PackedMatrix Qkv, PackedMatrix Projection, RowNormalization Norm2, PackedMatrix Fc1, PackedMatrix Fc2) : IDisposable
{
    /// <summary>Frees them.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[Norm1, Qkv, Projection, Norm2, Fc1, Fc2])
        {
            part.Dispose();
        }
    }
}
