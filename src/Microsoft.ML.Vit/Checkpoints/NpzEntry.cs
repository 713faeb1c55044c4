namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>One array of an .npz file.</summary>
/// <param name="Name">Its key: the file's name in the archive without .npy.</param>
/// <param name="File">The file's whole name in the archive.</param>
/// <param name="Header">What its own header says.</param>
internal sealed record NpzEntry(string Name, string File, NpyHeader Header) : TensorEntry(Name, Header.Type, Header.Shape);
