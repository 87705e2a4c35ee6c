using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Judges what clients and records name of this host by where the administrator lets it lie (<see cref="HostRoots"/>): when it is set, so
/// that nothing is kept that is of no use, and again when it is used, since a record may have come with a recovery.
/// </summary>
internal static class HostPlaces
{
    private static readonly ImmutableArray<string> StorageKeys = ["location", "backing-location"];
    private const string DeviceKey = "device";

    /// <summary>Checks what a VM is to boot from.</summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>.</exception>
    public static void RequireBootFiles(HostRoots roots, VmRecord vm)
    {
        RequireBootFile(roots, "PV_kernel", vm.PvKernel);
        RequireBootFile(roots, "PV_ramdisk", vm.PvRamdisk);
        RequireBootloader(roots, vm.PvBootloader);
    }

    /// <summary>Checks one path of a file that a VM is to boot from; an empty one names none.</summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>.</exception>
    public static void RequireBootFile(HostRoots roots, string field, string path)
    {
        if (path.Length > 0 && roots.FindBootFileProblem(path) is { } problem)
        {
            throw new XenApiException("VALUE_NOT_SUPPORTED", field, path, problem);
        }
    }

    /// <summary>Checks a bootloader: the name of one that a genuine pool has is kept for it, since nothing here is run by it.</summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>.</exception>
    public static void RequireBootloader(HostRoots roots, string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            RequireBootFile(roots, "PV_bootloader", name);
        }
    }

    /// <summary>The kernel that a VM is about to be started with at a host, by the places where its files really lie there.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: one lies where no file for guests may lie. <c>BOOTLOADER_FAILED</c>:
    /// one is missing.</exception>
    public static async Task<DirectKernel?> FindAsync(
        HostLink at, Ref<VmRecord> reference, VmRecord vm, DirectKernel? kernel, CancellationToken cancellationToken)
    {
        async Task<string> FindFileAsync(string field, string path)
        {
            try
            {
                return await at.Acts.FindBootFileAsync(path, cancellationToken);
            }
            catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
            {
                throw new XenApiException(
                    absent, "BOOTLOADER_FAILED", reference.Opaque,
                    $"The {field} of {vm.NameLabel} ({vm.Uuid}), {path}, does not exist on "
                    + $"{(at.IsMember ? "the host that is to run it" : "this host")}. Copy it there, or set another.");
            }
            catch (IOException wrong)
            {
                throw new XenApiException(
                    wrong, "OPERATION_NOT_ALLOWED",
                    $"The VM {vm.NameLabel} ({vm.Uuid}) can't boot from its {field} {path}: {wrong.Message} Set another (vm-param-set "
                        + $"{field.Replace('_', '-')}=…), or an empty one to boot from its disks.");
            }
        }

        return kernel is null
            ? null
            : kernel with
            {
                KernelPath = await FindFileAsync("PV_kernel", kernel.KernelPath),
                InitrdPath = kernel.InitrdPath is { } ramdisk ? await FindFileAsync("PV_ramdisk", ramdisk) : null,
            };
    }

    private static void RequireShare(HostRoots roots, ImmutableSortedDictionary<string, string> deviceConfig)
    {
        var (server, path) = (deviceConfig.GetValueOrDefault("server", ""), deviceConfig.GetValueOrDefault("serverpath", ""));
        if (server.Length > 0 && path.Length > 0 && roots.FindShareProblem(HostRoots.ShareOf(server, path)) is { } problem)
        {
            throw new XenApiException("VALUE_NOT_SUPPORTED", "device_config:serverpath", path, $"{problem}.");
        }
    }

    /// <summary>Checks where a client would have storage lie.</summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>.</exception>
    public static async Task RequireStorageAsync(
        PoolServices pool, CallContext call, ImmutableSortedDictionary<string, string> deviceConfig)
    {
        var isAdministrator = call.Session.Role >= Role.PoolAdmin;
        RequireShare(pool.Roots, deviceConfig);
        foreach (var key in StorageKeys.Append(DeviceKey).Where(deviceConfig.ContainsKey))
        {
            // Where it leads is asked of storage that may hang.
            var problem = await Task.Run(
                () => key == DeviceKey
                    ? pool.Roots.FindDeviceProblem(deviceConfig[key], isAdministrator)
                    : pool.Roots.FindLocationProblem(deviceConfig[key], isAdministrator),
                call.Cancellation).WaitAsync(call.Cancellation);
            if (problem is not null)
            {
                throw new XenApiException("VALUE_NOT_SUPPORTED", $"device_config:{key}", deviceConfig[key], $"{problem}.");
            }
        }
    }
}
