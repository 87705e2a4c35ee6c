using System.IO.Pipelines;
using System.Net.Sockets;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The ways to guests' screens and serial ports. Which socket is a console's follows from its VM alone, and from nothing that a record says
/// or a client sends. QEMU itself serves several viewers of a screen; a serial port is shared out by <see cref="SerialLine"/>.
/// </summary>
public sealed class GuestConsoles(PoolServices pool)
{
    private const int ReadBytes = 32 << 10;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, SerialLine> _lines = [];

    /// <summary>
    /// Finds a console by its own UUID or reference, or the screen of a VM by the VM's. Null: there is none of that name.
    /// </summary>
    public static GuestConsole? TryFind(DatabaseState state, string? uuid, string? reference)
    {
        var vm = uuid is not null ? state.FindByUuid<VmRecord>(uuid) : new(reference ?? "");
        var console = state.Find(vm) is { } named
            ? named.Consoles.FirstOrDefault(c => state.Find(c)?.Protocol == ConsoleProtocol.Rfb)
            : uuid is not null ? state.FindByUuid<ConsoleRecord>(uuid) : new(reference ?? "");
        return state.Find(console) is { } record && state.Find(record.Vm) is { } shown
            ? new(console, record.Protocol, record.Vm, VmRows.Uuid(shown), shown.NameLabel)
            : null;
    }

    /// <summary>Finds a console, as <see cref="TryFind"/> does.</summary>
    /// <exception cref="XenApiException">
    /// <c>UUID_INVALID</c>, <c>HANDLE_INVALID</c>: there is none; <c>VM_BAD_POWER_STATE</c>: the VM has no guest;
    /// <c>OPERATION_NOT_ALLOWED</c>: it has no screen.
    /// </exception>
    public static GuestConsole Find(DatabaseState state, string? uuid, string? reference)
    {
        if (TryFind(state, uuid, reference) is { } found)
        {
            return found;
        }

        var vm = uuid is not null ? state.FindByUuid<VmRecord>(uuid) : new(reference ?? "");
        throw state.Find(vm) switch
        {
            { PowerState: VmPowerState.Running or VmPowerState.Paused } screenless => new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The VM {screenless.NameLabel} has no screen. Connect to its text console: console-list vm-uuid={screenless.Uuid}."),
            { } idle => new("VM_BAD_POWER_STATE", vm.Opaque, "Running", VmPowerStateType.Instance.Encode(idle.PowerState)),
            null when uuid is not null => new("UUID_INVALID", "console", uuid),
            null when reference is not null => new("HANDLE_INVALID", "console", reference),
            null => new("INVALID_VALUE", "uuid", ""),
        };
    }

    /// <summary>Opens a line to a console. The guest may hang: that is noticed, and holds up nobody else.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: it can't be reached, or does not answer.</exception>
    public async Task<ConsoleLine> OpenAsync(GuestConsole console, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(console);
        using var limit = new CancellationTokenSource(AnswerLimit, pool.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return console.Protocol switch
            {
                ConsoleProtocol.Rfb => await OpenScreenAsync(Acts(console), console.Uuid, both.Token),
                ConsoleProtocol.Vt100 => await OpenSerialAsync(Acts(console), console.Uuid, both.Token),
                ConsoleProtocol.Rdp or ConsoleProtocol.Unrecognized =>
                    throw new XenApiException(
                        "OPERATION_NOT_ALLOWED", $"The console of the VM {console.VmName} is none that leads through this host."),
            };
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new XenApiException(
                e, "OPERATION_NOT_ALLOWED",
                $"The {What(console)} of the VM {console.VmName} can't be reached on this host ({e.Message}). If the guest was started "
                + "before the daemon was updated, shut it down and start it again.");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new XenApiException(
                e, "OPERATION_NOT_ALLOWED",
                $"The {What(console)} of the VM {console.VmName} does not answer: its QEMU process hangs, or is stopped. Mend what it "
                + "waits for, or switch the VM off (vm-shutdown --force).");
        }
    }

    private static string What(GuestConsole console) => console.Protocol == ConsoleProtocol.Rfb ? "screen" : "text console";

    private IHostActs Acts(GuestConsole console) => pool.Hosts.Of(pool.State.Get(console.Vm)).Acts;

    private static async Task<ConsoleLine> OpenScreenAsync(IHostActs host, Guid vm, CancellationToken cancellationToken)
    {
        var screen = await host.ConnectAsync(vm, isScreen: true, cancellationToken);
        var output = PipeReader.Create(screen, new StreamPipeReaderOptions(bufferSize: ReadBytes, useZeroByteReads: true));
        try
        {
            // It is the server that speaks first, at once: one that does not would only keep its viewer waiting.
            var greeting = await output.ReadAsync(cancellationToken);
            if (greeting.IsCompleted)
            {
                throw new IOException("it closed the connection");
            }

            output.AdvanceTo(greeting.Buffer.Start);
            return new(output, screen.WriteAsync, screen.DisposeAsync);
        }
        catch
        {
            await output.CompleteAsync();
            await screen.DisposeAsync();
            throw;
        }
    }

    private async Task<ConsoleLine> OpenSerialAsync(IHostActs host, Guid vm, CancellationToken cancellationToken)
    {
        if (TryJoin(vm) is { } shared)
        {
            return shared;
        }

        var port = await host.ConnectAsync(vm, isScreen: false, cancellationToken);
        ConsoleLine? meanwhile;
        lock (_gate)
        {
            meanwhile = TryJoin(vm);
            if (meanwhile is null)
            {
                _lines[vm] = SerialLine.Open(port, ended => Forget(vm, ended), out var first);
                return first;
            }
        }

        await port.DisposeAsync();
        return meanwhile;
    }

    private ConsoleLine? TryJoin(Guid vm)
    {
        lock (_gate)
        {
            return _lines.GetValueOrDefault(vm)?.TryJoin();
        }
    }

    private void Forget(Guid vm, SerialLine ended)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_lines.GetValueOrDefault(vm), ended))
            {
                _lines.Remove(vm);
            }
        }
    }
}
