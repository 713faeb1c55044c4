namespace Vit.Samples.Benchmarks;

/// <summary>Images to learn from, and others to be tested on.</summary>
internal sealed record ImageSplit(IReadOnlyList<LabeledImage> Train, IReadOnlyList<LabeledImage> Test)
{
    /// <summary>All images of a folder, or the first ones of every class, in ordinal order.</summary>
    public static IReadOnlyList<LabeledImage> ImagesOf(ImageFolder folder, int perClass = int.MaxValue) =>
        [.. ByClass(folder.Images).SelectMany(paths => paths.Take(perClass).Select(path => new LabeledImage { ImagePath = path, Label = paths.Key }))];

    /// <summary>Parts of equal size with the same share of every class; each is tested on once, by what was learned from the others.</summary>
    public static IReadOnlyList<ImageSplit> Folds(ImageFolder folder, int count, int seed)
    {
        var random = new Random(seed);
        var parts = Enumerable.Range(0, count).Select(_ => new List<LabeledImage>()).ToArray();
        int next = 0;
        foreach (IGrouping<string, string> paths in ByClass(folder.Images))
        {
            string[] shuffled = [.. paths];
            random.Shuffle(shuffled);
            foreach (string path in shuffled)
            {
                parts[next++ % count].Add(new LabeledImage { ImagePath = path, Label = paths.Key });
            }
        }
        return [.. parts.Select(test => new ImageSplit([.. parts.Where(part => part != test).SelectMany(part => part)], test))];
    }

    private static IEnumerable<IGrouping<string, string>> ByClass(IEnumerable<string> images) => images.GroupBy(path => Path.GetFileName(Path.GetDirectoryName(path))!);
}
