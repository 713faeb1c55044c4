namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Changes parameters by their gradients. Owns its state (moments, momentum), on the parameters' device: build it after the network has been moved there.
/// </summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>One step. The gradients stay as they are.</summary>
    /// <param name="scale">The schedule's factor: multiplies the base learning rate of every group.</param>
    /// <exception cref="InvalidOperationException">A parameter has no gradient.</exception>
    void Step(double scale);
}
