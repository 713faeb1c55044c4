namespace Microsoft.ML.Vit;

/// <summary>The non-linearity of an MLP.</summary>
public enum VitActivation
{
    /// <summary>GELU by the error function: timm's, Hugging Face's <c>gelu</c> and torchvision's. On CPUs also the faster one.</summary>
    Gelu,

    /// <summary>GELU by its tanh approximation: Hugging Face's <c>gelu_new</c> and <c>gelu_pytorch_tanh</c>, Flax's default.</summary>
    GeluTanh,

    /// <summary>The rectifier, max(0, x).</summary>
    Relu,

    /// <summary>The hyperbolic tangent, which pre-logits layers use.</summary>
    Tanh,
}
