namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// One transformer block's forward and backward pass for the images of a thread, x + attn(norm1(x)), then x + mlp(norm2(x)): what <c>Block</c> does by libtorch's operations and its autograd, here with
/// everything between two products fused with one of them, in memory that is allocated once.
/// </summary>
internal sealed unsafe class LearningBlock(
    LearningNorm norm1, LearningLinear qkv, LearningLinear projection, LearningScale? scale1, LearningNorm norm2, LearningLinear fc1, LearningLinear fc2, LearningScale? scale2)
{
    /// <summary>Passes the thread's tokens through the block.</summary>
    /// <param name="memory">The thread's; its tokens are those before, and after.</param>
    /// <param name="kept">What the backward pass needs; its images are chosen.</param>
    public void Forward(LearningMemory memory, KeptBlock kept)
    {
        int rows = Begin(norm1, memory, kept.Attention);
        qkv.Forward(memory.Branch.Pointer, rows, kept.Qkv.Pointer);
        Attend(memory, kept);
        End(projection, kept.Attended.Pointer, scale1, memory, kept.Attention);

        rows = Begin(norm2, memory, kept.Mlp);
        fc1.Forward(memory.Branch.Pointer, rows, kept.Hidden.Pointer, slope: kept.Slope.Pointer);
        End(fc2, kept.Hidden.Pointer, scale2, memory, kept.Mlp);
    }

    /// <summary>Passes the gradient back through the block.</summary>
    /// <param name="memory">The thread's; its gradient is that of the tokens after, and becomes that of those before.</param>
    /// <param name="kept">What the forward pass kept.</param>
    /// <param name="adds">Whether parameters' gradients are added to earlier ones.</param>
    /// <param name="toInput">Whether the gradient of the tokens before is wanted.</param>
    public void Backward(LearningMemory memory, KeptBlock kept, bool adds, bool toInput)
    {
        int rows = kept.Mlp.Count * memory.Shape.Tokens;
        float* upstream = Upstream(scale2, memory, kept.Mlp, adds), slope = kept.Slope.Pointer, branch = memory.Branch.Pointer;
        fc2.WeightGradient(upstream, kept.Hidden.Pointer, rows, adds);
        fc2.InputGradient(upstream, rows, slope, multiplies: true);
        fc1.WeightGradient(slope, kept.Mlp.Normal.Pointer, rows, adds, norm2);
        fc1.InputGradient(slope, rows, branch);
        AddInputGradient(norm2, memory, kept.Mlp, adds, toInput: true);

        rows = kept.Attention.Count * memory.Shape.Tokens;
        upstream = Upstream(scale1, memory, kept.Attention, adds);
        projection.WeightGradient(upstream, kept.Attended.Pointer, rows, adds);
        projection.InputGradient(upstream, rows, branch);
        AttentionGradient(memory, kept);
        qkv.WeightGradient(memory.Qkv.Pointer, kept.Attention.Normal.Pointer, rows, adds, norm1);
        qkv.InputGradient(memory.Qkv.Pointer, rows, branch);
        AddInputGradient(norm1, memory, kept.Attention, adds, toInput);
    }

    /// <summary>What a branch reads, of the images it sees; gives its rows.</summary>
    private static int Begin(LearningNorm norm, LearningMemory memory, KeptBranch kept)
    {
        int tokens = memory.Shape.Tokens, width = memory.Shape.Width;
        for (int i = 0; i < kept.Count; i++)
        {
            long from = (long)kept.Images[i] * tokens * width, to = (long)i * tokens * width;
            norm.Forward(memory.Tokens.Pointer + from, tokens, kept.Normal.Pointer + to, kept.Factors.Pointer + ((long)i * tokens), memory.Branch.Pointer + to);
        }
        return kept.Count * tokens;
    }

    /// <summary>A branch's last product, added to the tokens.</summary>
    private static void End(LearningLinear linear, float* x, LearningScale? scale, LearningMemory memory, KeptBranch kept)
    {
        int rows = kept.Count * memory.Shape.Tokens;
        if (scale is null && kept.IsPlain)
        {
            linear.Forward(x, rows, memory.Tokens.Pointer, addsToY: true);
            return;
        }
        float* output = scale is null ? memory.Branch.Pointer : kept.Output;
        linear.Forward(x, rows, output);
        int size = memory.Shape.Tokens * memory.Shape.Width;
        for (int i = 0; i < kept.Count; i++)
        {
            LearningScale.AddScaled(output + ((long)i * size), scale, kept.Growth, memory.Shape, memory.Tokens.Pointer + ((long)kept.Images[i] * size));
        }
    }

    /// <summary>The gradient of a branch's last product; its LayerScale's on the way.</summary>
    private static float* Upstream(LearningScale? scale, LearningMemory memory, KeptBranch kept, bool adds)
    {
        if (scale is null && kept.IsPlain)
        {
            return memory.Gradient.Pointer;
        }
        int size = memory.Shape.Tokens * memory.Shape.Width;
        float* upstream = memory.Upstream.Pointer;
        for (int i = 0; i < kept.Count; i++)
        {
            LearningScale.Multiply(memory.Gradient.Pointer + ((long)kept.Images[i] * size), kept.Growth, size, upstream + ((long)i * size));
        }
        scale?.Backward(upstream, kept.Output, kept.Count * memory.Shape.Tokens, adds);
        return upstream;
    }

    /// <summary>From the gradient of what a branch reads to that of the tokens.</summary>
    private static void AddInputGradient(LearningNorm norm, LearningMemory memory, KeptBranch kept, bool adds, bool toInput)
    {
        int tokens = memory.Shape.Tokens;
        norm.ParameterGradient(memory.Branch.Pointer, kept.Normal.Pointer, kept.Count * tokens, adds);
        for (int i = 0; toInput && i < kept.Count; i++)
        {
            long from = (long)i * tokens * memory.Shape.Width, to = (long)kept.Images[i] * tokens * memory.Shape.Width;
            norm.AddInputGradient(memory.Branch.Pointer + from, kept.Normal.Pointer + from, kept.Factors.Pointer + ((long)i * tokens), tokens, memory.Gradient.Pointer + to);
        }
    }

    /// <summary>All heads of all images; image after image, because the rows that follow an image's last are overwritten.</summary>
    private static void Attend(LearningMemory memory, KeptBlock kept)
    {
        BlockShape shape = memory.Shape;
        float* weights = kept.Weights.Pointer;
        for (int image = 0; image < kept.Attention.Count; image++)
        {
            long row = (long)image * shape.Tokens;
            for (int head = 0; head < shape.Heads; head++, weights += LearningAttention.WeightFloats(shape.Tokens))
            {
                long at = (row * shape.Width) + (head * shape.HeadSize);
                memory.Attention.Forward(kept.Qkv.Pointer + (3 * row * shape.Width) + (head * shape.HeadSize), shape.Width, weights, kept.Attended.Pointer + at);
            }
        }
    }

    private static void AttentionGradient(LearningMemory memory, KeptBlock kept)
    {
        BlockShape shape = memory.Shape;
        float* weights = kept.Weights.Pointer;
        for (int image = 0; image < kept.Attention.Count; image++)
        {
            long row = (long)image * shape.Tokens;
            for (int head = 0; head < shape.Heads; head++, weights += LearningAttention.WeightFloats(shape.Tokens))
            {
                long at = (row * shape.Width) + (head * shape.HeadSize), packed = (3 * row * shape.Width) + (head * shape.HeadSize);
                memory.Attention.Backward(kept.Qkv.Pointer + packed, shape.Width, weights, kept.Attended.Pointer + at, memory.Branch.Pointer + at, memory.Qkv.Pointer + packed);
            }
        }
    }
}
