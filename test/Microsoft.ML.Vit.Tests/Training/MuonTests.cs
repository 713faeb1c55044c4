using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class MuonTests
{
    [TestMethod]
    public void FollowsTheDefinitionInDoublePrecision()
    {
        var options = new MuonOptimizer { LearningRate = 0.01, WeightDecay = 0.1, Momentum = 0.9 };
        (string Name, long[] Shape)[] shapes =
        [
            ("blocks.0.attn.qkv.weight", [9, 3]), ("blocks.0.mlp.fc1.weight", [4, 6]), ("blocks.0.attn.proj.weight", [3, 3]),
            ("blocks.1.attn.qkv.weight", [9, 3]), ("blocks.1.attn.proj.weight", [3, 3]),
        ];
        using var parameters = TestParameters.Random(7, shapes);
        using IOptimizer optimizer = options.Build(parameters.Named);
        double[][] buffers = [.. parameters.Reference.Select(r => new double[r.Length])];
        for (int step = 1; step <= 6; step++)
        {
            double learningRate = options.LearningRate / step;
            double[][] gradients = parameters.NextGradients(scale: 1e-3);
            optimizer.Step(1.0 / step);
            for (int i = 0; i < gradients.Length; i++)
            {
                double[] p = parameters.Reference[i];
                var averaged = new double[p.Length];
                for (int k = 0; k < p.Length; k++)
                {
                    buffers[i][k] = (options.Momentum * buffers[i][k]) + ((1 - options.Momentum) * gradients[i][k]);
                    averaged[k] = ((1 - options.Momentum) * gradients[i][k]) + (options.Momentum * buffers[i][k]);
                }
                (int rows, int columns) = ((int)shapes[i].Shape[0], (int)shapes[i].Shape[1]);
                double[] direction = Orthogonalized(averaged, rows, columns);
                for (int k = 0; k < p.Length; k++)
                {
                    p[k] = (p[k] * (1 - (learningRate * options.WeightDecay))) - (learningRate * 0.2 * Math.Sqrt(Math.Max(rows, columns)) * direction[k]);
                }
            }
            parameters.AssertEqualReference(5e-6, $"step {step}");
        }
    }

    [TestMethod]
    public void WhatIsNoBlockMatrixIsTrainedByAdamW()
    {
        (string, long[])[] shapes = [("head.weight", [4, 6]), ("blocks.0.norm1.weight", [6]), ("patch_embed.proj.weight", [6, 3, 2, 2])];
        var options = new MuonOptimizer { AdamW = new() { LearningRate = 0.003, WeightDecay = 0.2 } };
        using var byMuon = TestParameters.Random(11, [("blocks.0.mlp.fc1.weight", [4, 6]), .. shapes]);
        using var byAdamW = TestParameters.Random(11, [("blocks.0.mlp.fc1.weight", [4, 6]), .. shapes]);
        using IOptimizer muon = options.Build(byMuon.Named);
        using IOptimizer adamW = options.AdamW.Build(byAdamW.Named);
        for (int step = 0; step < 3; step++)
        {
            byMuon.NextGradients();
            byAdamW.NextGradients();
            muon.Step(0.5);
            adamW.Step(0.5);
        }
        for (int i = 0; i < byMuon.Named.Count; i++)
        {
            bool isMatrix = i == 0;
            Assert.AreEqual(!isMatrix, byMuon.Named[i].Value.data<float>().SequenceEqual(byAdamW.Named[i].Value.data<float>()), byMuon.Named[i].Name);
        }
    }

    [TestMethod]
    public void ZeroGradientsGiveOnlyDecay()
    {
        using var parameters = TestParameters.Random(13, ("blocks.0.attn.proj.weight", [4, 4]));
        using IOptimizer optimizer = new MuonOptimizer { LearningRate = 0.5, WeightDecay = 0.1 }.Build(parameters.Named);
        parameters.NextGradients(scale: 0);
        optimizer.Step(1);
        for (int k = 0; k < 16; k++)
        {
            parameters.Reference[0][k] *= 1 - (0.5 * 0.1);
        }
        parameters.AssertEqualReference(1e-6, "after one step");
    }

    /// <summary>Five Newton-Schulz steps by plain loops, transposed where there are more rows than columns.</summary>
    private static double[] Orthogonalized(double[] matrix, int rows, int columns)
    {
        if (rows > columns)
        {
            return Transpose(Orthogonalized(Transpose(matrix, rows, columns), columns, rows), columns, rows);
        }
        double norm = Math.Sqrt(matrix.Sum(v => v * v));
        double[] x = [.. matrix.Select(v => v / norm)];
        for (int step = 0; step < 5; step++)
        {
            double[] gram = Multiply(x, Transpose(x, rows, columns), rows, columns, rows);
            double[] square = Multiply(gram, gram, rows, rows, rows);
            double[] polynomial = [.. gram.Zip(square, (a, b) => (-4.775 * a) + (2.0315 * b))];
            x = [.. x.Zip(Multiply(polynomial, x, rows, rows, columns), (a, b) => (3.4445 * a) + b)];
        }
        return x;
    }

    private static double[] Multiply(double[] a, double[] b, int rows, int inner, int columns)
    {
        var product = new double[rows * columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                for (int k = 0; k < inner; k++)
                {
                    product[(i * columns) + j] += a[(i * inner) + k] * b[(k * columns) + j];
                }
            }
        }
        return product;
    }

    private static double[] Transpose(double[] a, int rows, int columns) => [.. Enumerable.Range(0, a.Length).Select(k => a[(k % rows * columns) + (k / rows)])];
}
