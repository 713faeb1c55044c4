using System.Runtime.CompilerServices;

[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

// Tests share two cores and libtorch's thread pool: one at a time keeps timings and leak counts honest.
[assembly: DoNotParallelize]
