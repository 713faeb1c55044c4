namespace Microsoft.ML.Vit.Reporting;

/// <summary>The most confident mistakes of many, at most so many; of equally confident ones the earlier.</summary>
/// <param name="most">How many are kept.</param>
internal sealed class MistakeList(int most)
{
    // The least confident, and of those the latest, is at the head.
    private readonly PriorityQueue<Mistake, (float Confidence, long Earlier)> _kept = new();
    private long _offered;

    /// <summary>How many there were.</summary>
    public long Offered => _offered;

    /// <summary>The ones kept, most confident first.</summary>
    public IReadOnlyList<Mistake> Kept => [.. _kept.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)];

    /// <summary>Offers a mistake, which is made, picture and all, only if it is kept.</summary>
    public void Offer(float confidence, Func<Mistake> make)
    {
        (float, long) priority = (confidence, -_offered++);
        if (_kept.Count < most)
        {
            _kept.Enqueue(make(), priority);
        }
        else if (_kept.TryPeek(out _, out (float, long) least) && priority.CompareTo(least) > 0)
        {
            _kept.DequeueEnqueue(make(), priority);
        }
    }
}
