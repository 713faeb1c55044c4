using System.Runtime.CompilerServices;

[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

namespace System.Runtime.CompilerServices;

/// <summary>
/// Known to the runtime by its name: an assembly that carries it may use the internals of the assembly named. ML.NET's own
/// base classes, model contexts and annotations are internal, and a trainer that behaves as a first-party one needs them.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    /// <summary>The assembly whose internals are used.</summary>
    public string AssemblyName { get; } = assemblyName;
}
