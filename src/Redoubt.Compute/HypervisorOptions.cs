using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Redoubt.Compute;

/// <summary>How a hypervisor is to be opened.</summary>
public sealed record HypervisorOptions
{
    /// <summary>The libvirtd of a host, where VMs live that its distribution's tools made.</summary>
    public const string SystemUri = "qemu:///system";

    /// <summary>
    /// The libvirt URI: <c>qemu:///embed?root=DIR</c>, <c>qemu:///system</c>, <c>qemu+tls://HOST/system</c>, <c>test:///default</c>.
    /// </summary>
    public required string Uri { get; init; }

    /// <summary>
    /// The emulator to use; <see langword="null"/> takes <c>qemu-system-x86_64</c> from <c>/usr/bin</c>, and on another host the one that
    /// libvirt finds there.
    /// </summary>
    public string? EmulatorPath { get; init; }

    /// <summary>The clock that limits and ages are measured with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// The command that <see cref="HypervisorLink"/> has try an embedded hypervisor first, in a process of its own, with the URI as its
    /// last word; see <see cref="HypervisorTrial"/>. <see langword="null"/>: none.
    /// </summary>
    public IReadOnlyList<string>? TrialCommand { get; init; }

    /// <summary>Told when the hypervisor is lost, and when it is there again.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Measures how long guests take to start.</summary>
    public Meter? Meter { get; init; }

    /// <summary>
    /// Whether it is only to drive domains that are defined there already, so that nothing of this host has to be found out for guests.
    /// </summary>
    public bool IsForDefinedDomains { get; init; }

    /// <summary>How often a libvirtd is to give a sign of life; after five without an answer it counts as lost.</summary>
    internal int KeepAliveSeconds { get; init; } = 5;

    /// <summary>What is wrong with the URI of a hypervisor, a sentence; null if nothing is.</summary>
    public static string? FindUriProblem(string uri)
    {
        try
        {
            HypervisorUri.Parse(uri);
            return null;
        }
        catch (HypervisorException wrong)
        {
            return wrong.Message;
        }
    }

    /// <summary>The same of a libvirt of this host that is a daemon of its own.</summary>
    public static string? FindLocalUriProblem(string uri) => FindUriProblem(uri)
        ?? (HypervisorUri.Parse(uri).Kind == HypervisorKind.Local ? null : $"\"{uri}\" is no libvirtd of this host: give qemu:///system.");

    /// <summary>The URI of an embedded hypervisor that keeps its state in a directory.</summary>
    public static string EmbeddedUri(string root) => $"qemu:///embed?root={System.Uri.EscapeDataString(root)}";
}
