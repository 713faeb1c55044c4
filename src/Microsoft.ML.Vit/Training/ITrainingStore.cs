using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>Where a training keeps its state, so that a later run of it can go on.</summary>
internal interface ITrainingStore
{
    /// <summary>Steps from one checkpoint to the next within an epoch; null where only the ends of epochs are kept.</summary>
    int? Interval { get; }

    /// <summary>Where an earlier run of this training stood; null where there was none.</summary>
    TrainingProgress? Earlier { get; }

    /// <summary>Overwrites the tensors by those that the earlier run kept.</summary>
    /// <exception cref="FormatException">It kept others.</exception>
    void Read(IEnumerable<(string Name, Tensor Value)> state);

    /// <summary>Keeps the state, whole or not at all.</summary>
    void Write(TrainingProgress progress, IEnumerable<(string Name, Tensor Value)> state);
}
