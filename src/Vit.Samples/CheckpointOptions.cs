using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Vit;

namespace Vit.Samples;

/// <summary>The command-line options of a training that goes on after it was stopped, however it was.</summary>
internal sealed class CheckpointOptions
{
    private readonly Option<string?> folder = new("--checkpoints") { HelpName = "DIR", Description = "Keep the training's state in this folder after every epoch, and go on from there when started again." };
    private readonly Option<int?> steps = new("--checkpoint-steps") { HelpName = "N", Description = "Keep it after every N steps, too." };

    public CheckpointOptions(Command command)
    {
        command.Add(folder);
        command.Add(steps);
    }

    /// <summary>The training with its checkpoints. What it goes on from, or starts from, is shown.</summary>
    public VitOptions Add(SampleRun run, MLContext ml, VitOptions training)
    {
        VitOptions options = training with { CheckpointDirectory = run.Arguments.GetValue(folder), CheckpointSteps = run.Arguments.GetValue(steps) };
        if (options is { CheckpointDirectory: not null } or { WarmStart: not null })
        {
            TrainingOptions.ShowLog(ml, run);
        }
        return options;
    }
}
