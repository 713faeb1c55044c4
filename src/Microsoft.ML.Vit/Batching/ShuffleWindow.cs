namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// Shuffles what can only be read in ascending order and held in part: as many different images as fit wait in a pool, each draw takes one of them at random (one drawn k times is k tickets),
/// and an image that was drawn for the last time makes room for the next. So an image comes at most a pool early; one may wait long.
/// </summary>
internal static class ShuffleWindow
{
    /// <summary>The order of draws.</summary>
    /// <param name="draws">Indices, an index as often as it is drawn; sorted by this.</param>
    /// <param name="window">Different indices that wait at most, 1 or more.</param>
    /// <param name="random">The seeded generator.</param>
    public static int[] Shuffle(int[] draws, int window, Random random)
    {
        Array.Sort(draws);
        int[] order = new int[draws.Length];
        var tickets = new List<int>();
        var left = new Dictionary<int, int>(); // tickets of each index that waits
        int next = 0;
        for (int place = 0; place < order.Length; place++)
        {
            while (next < draws.Length && left.Count < window)
            {
                int index = draws[next];
                for (; next < draws.Length && draws[next] == index; next++)
                {
                    tickets.Add(index);
                    left[index] = left.GetValueOrDefault(index) + 1;
                }
            }
            int drawn = random.Next(tickets.Count);
            order[place] = tickets[drawn];
            tickets[drawn] = tickets[^1];
            tickets.RemoveAt(tickets.Count - 1);
            if (--left[order[place]] == 0)
            {
                left.Remove(order[place]);
            }
        }
        return order;
    }
}
