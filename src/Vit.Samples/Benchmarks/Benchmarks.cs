using System.CommandLine;

namespace Vit.Samples.Benchmarks;

/// <summary>What takes minutes and ends in figures: each a command below <c>benchmark</c>.</summary>
internal sealed class Benchmarks : Command
{
    public Benchmarks() : base("benchmark", "Measurements: minutes of work that end in a table of figures.")
    {
        Add(new TrainBenchmark());
        Add(new FewImagesBenchmark());
        Add(new TransferBenchmark());
        Add(new InputBenchmark());
        Add(new LoadBenchmark());
        Add(new ExplainBenchmark());
        Add(new ScoreBenchmark());
    }
}
