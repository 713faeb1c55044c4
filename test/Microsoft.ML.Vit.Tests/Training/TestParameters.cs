using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.Vit.Tests.Training;

/// <summary>A few named parameters with seeded values, and a copy of them in double precision for reference arithmetic.</summary>
internal sealed class TestParameters : IDisposable
{
    private readonly Random _random;

    private TestParameters(int seed, (string Name, long[] Shape)[] shapes)
    {
        _random = new Random(seed);
        Reference = [.. shapes.Select(s => Values(s.Shape.Aggregate(1L, (a, b) => a * b)))];
        Named = [.. shapes.Select((s, i) => (s.Name, new Parameter(Tensor(Reference[i], s.Shape))))];
    }

    public IReadOnlyList<(string Name, Parameter Value)> Named { get; }

    /// <summary>The parameters' values, row-major, in Named's order; a test's own arithmetic changes them.</summary>
    public double[][] Reference { get; }

    public static TestParameters Random(int seed, params (string Name, long[] Shape)[] shapes) => new(seed, shapes);

    /// <summary>Gives every parameter a new random gradient and returns them.</summary>
    public double[][] NextGradients(double scale = 1)
    {
        double[][] gradients = [.. Reference.Select(r => Values(r.Length).Select(v => (double)(float)(v * scale)).ToArray())];
        for (int i = 0; i < gradients.Length; i++)
        {
            using torch.Tensor gradient = Tensor(gradients[i], Named[i].Value.shape);
            Named[i].Value.grad = gradient;
        }
        return gradients;
    }

    /// <summary>Compares the parameters with the reference.</summary>
    public void AssertEqualReference(double tolerance, string when)
    {
        for (int i = 0; i < Reference.Length; i++)
        {
            float[] actual = Named[i].Value.data<float>().ToArray();
            for (int k = 0; k < actual.Length; k++)
            {
                Assert.AreEqual(Reference[i][k], actual[k], tolerance, $"{Named[i].Name}[{k}], {when}");
            }
        }
    }

    public void Dispose()
    {
        foreach ((_, Parameter parameter) in Named)
        {
            parameter.grad = null;
            parameter.Dispose();
        }
    }

    private double[] Values(long count) => [.. Enumerable.Range(0, (int)count).Select(_ => (double)(float)((_random.NextDouble() * 2) - 1))];

    private static torch.Tensor Tensor(double[] values, long[] shape) => torch.tensor(Array.ConvertAll(values, v => (float)v), shape);
}
