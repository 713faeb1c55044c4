using System.Collections;
using System.Collections.Specialized;
using System.Runtime.ExceptionServices;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Vit.Interop;

/// <summary>
/// A model file that cannot be read, as the user of <c>MLContext.Model.Load</c> is to see it. ML.NET makes components by reflection, so that what they throw
/// arrives as "Exception has been thrown by the target of an invocation", once for every chain around them. At each of these places it asks the inner exception
/// whether it is marked as its own (<c>Contracts.IsMarked</c>); this one answers by being thrown on.
/// </summary>
internal sealed class ModelFormatException : FormatException
{
    private readonly Answers _data;

    public ModelFormatException(string message, Exception inner)
        : base(message, inner) => _data = new Answers(this);

    /// <inheritdoc/>
    public override IDictionary Data => _data;

    private sealed class Answers(ModelFormatException owner) : ListDictionary, IDictionary
    {
        bool IDictionary.Contains(object key)
        {
            if (key is Contracts.IsMarkedKey)
            {
                ExceptionDispatchInfo.Throw(owner);
            }
            return Contains(key);
        }
    }
}
