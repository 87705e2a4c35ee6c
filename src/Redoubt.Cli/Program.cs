using Redoubt.Cli;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Connections;
using Redoubt.Cli.Output;

using var interrupt = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    // The first Ctrl-C ends sessions and says how things stand; a second one ends the program as it is.
    pressed.Cancel = !interrupt.IsCancellationRequested;
    interrupt.Cancel();
};

await using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = false };
await using var error = new StreamWriter(Console.OpenStandardError()) { AutoFlush = true };
var terminal = new Terminal(
    output, error, isInteractive: !Console.IsErrorRedirected, Console.IsInputRedirected ? null : SecretLine.Read,
    Console.IsInputRedirected ? null : Console.ReadLine);
return await new App(terminal, KnownPools.DefaultFile, TimeProvider.System)
    .RunAsync(args, Environment.GetEnvironmentVariable(ExtraArguments.Variable), interrupt.Token);
