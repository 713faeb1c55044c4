using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>From the last block's tokens to the vector for an image: normalisation and pooling, and for a classifier the head and the softmax of its logits.</summary>
internal sealed unsafe class PackedReadout : IDisposable
{
    private readonly (int First, int Count)[] _means; // tokens; the mean of each range is a part of what the head reads
    private readonly RowNormalization? _tokenNorm;
    private readonly RowNormalization? _pooledNorm;
    private readonly PackedMatrix? _head;
    private readonly int _tokens;
    private readonly int _width;

    private PackedReadout(VisionTransformer network, (int First, int Count)[] means, bool normalizesPooled, PackedMatrix? head, int length)
    {
        (_means, _head, _tokens, _width, Length) = (means, head, network.Config.Tokens, network.Config.Width, length);
        _tokenNorm = network.Norm is { } norm ? new RowNormalization(norm) : null;
        _pooledNorm = normalizesPooled && network.PooledNorm is { } pooled ? new RowNormalization(pooled) : null;
    }

    /// <summary>Length of an image's vector.</summary>
    public int Length { get; }

    /// <summary>Floats of what is pooled of an image.</summary>
    public int PooledLength => _means.Length * _width;

    /// <summary>Floats of an image's logits, more than there are classes; 0 without head.</summary>
    public int LogitsLength => _head?.Outputs ?? 0;

    /// <summary>Packs a network's readout; null where the head has a hidden layer.</summary>
    /// <param name="network">On the CPU.</param>
    /// <param name="embedding">Which vector; null for a classifier's probabilities.</param>
    public static PackedReadout? Of(VisionTransformer network, VitEmbedding? embedding)
    {
        VitConfig config = network.Config;
        (int, int) first = (0, 1), patches = (config.PrefixTokens, config.PatchTokens);
        (int, int)[] pooled = config.Pooling switch
        {
            VitPooling.Mean or VitPooling.NormalizedMean => [patches],
            VitPooling.ClassTokenAndMean => [first, patches],
            _ => [network.DistillationHead is null ? first : (0, 2)],
        };
        return embedding switch
        {
            VitEmbedding.ClassToken => new(network, [first], false, null, config.Width),
            VitEmbedding.Mean => new(network, [patches], false, null, config.Width),
            VitEmbedding.ClassTokenAndMean => new(network, [first, patches], false, null, 2 * config.Width),
            VitEmbedding.Pooled => new(network, pooled, true, null, config.PooledSize),
            _ when network.PreLogits is not null || network.Head is null => null,
            _ when network.DistillationHead is { } second => new(network, [first, (1, 1)], false, Pack(network.Head, second), config.Classes),
            _ => new(network, pooled, true, Pack(network.Head), config.Classes),
        };
    }

    /// <summary>The vectors of images.</summary>
    /// <param name="tokens">(images, T, D).</param>
    /// <param name="images">How many.</param>
    /// <param name="pooled">Memory for (images + 5, <see cref="PooledLength"/>).</param>
    /// <param name="logits">Memory for (images + 5, <see cref="LogitsLength"/>).</param>
    /// <param name="vectors">Receives (images, <see cref="Length"/>).</param>
    public void Apply(float* tokens, int images, float* pooled, float* logits, Span<float> vectors)
    {
        for (int image = 0; image < images; image++)
        {
            for (int part = 0; part < _means.Length; part++)
            {
                Mean(tokens + ((((long)image * _tokens) + _means[part].First) * _width), _means[part].Count, pooled + (((image * _means.Length) + part) * _width));
            }
        }
        _pooledNorm?.Apply(pooled, images, pooled);
        _head?.Multiply(pooled, images, logits);
        for (int image = 0; image < images; image++)
        {
            Span<float> vector = vectors.Slice(image * Length, Length);
            if (_head is null)
            {
                new ReadOnlySpan<float>(pooled + (image * PooledLength), Length).CopyTo(vector);
            }
            else
            {
                Softmax(new ReadOnlySpan<float>(logits + (image * LogitsLength), Length), vector);
            }
        }
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _tokenNorm?.Dispose();
        _pooledNorm?.Dispose();
        _head?.Dispose();
    }

    /// <summary>The mean of normalised rows.</summary>
    private void Mean(float* rows, int count, float* mean)
    {
        var sum = new Span<float>(mean, _width);
        sum.Clear();
        float* normal = stackalloc float[_width];
        for (int row = 0; row < count; row++, rows += _width)
        {
            _tokenNorm?.Apply(rows, 1, normal);
            var values = new ReadOnlySpan<float>(_tokenNorm is null ? rows : normal, _width);
            for (int i = 0; i < values.Length; i++)
            {
                sum[i] += values[i];
            }
        }
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] /= count;
        }
    }

    private static void Softmax(ReadOnlySpan<float> logits, Span<float> probabilities)
    {
        float largest = float.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
        {
            largest = MathF.Max(largest, logit);
        }
        for (int i = 0; i < logits.Length; i++)
        {
            sum += probabilities[i] = MathF.Exp(logits[i] - largest);
        }
        for (int i = 0; i < logits.Length; i++)
        {
            probabilities[i] /= sum;
        }
    }

    private static PackedMatrix Pack(Linear head) => new(Floats.Of(head.Weight), Floats.Of(head.Bias!), default, (int)head.Weight.size(1));

    /// <summary>The mean of two heads, which read a token each, as one that reads both.</summary>
    private static PackedMatrix Pack(Linear first, Linear second)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor weight = cat([first.Weight, second.Weight], 1) / 2, bias = (first.Bias! + second.Bias!) / 2;
        return new PackedMatrix(Floats.Of(weight), Floats.Of(bias), default, (int)weight.size(1));
    }
}
