using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The fields of a VM that name files or programs of the host that it runs on. In metadata that nothing proves they are somebody's wish to
/// have a file of this host for a disk: only what lies where files for guests lie is kept. Pure.
/// </summary>
internal static class HostFiles
{
    private static readonly ImmutableArray<string> PlatformKeys =
        ["device-model", "firmware", "nvram", "vgpu_extra_args", "qemu_extra_args"];

    /// <summary>The VM without what would reach into the host.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="bootRoots">Where files for guests lie.</param>
    /// <param name="tell">Told what was left out, in sentences.</param>
    public static VmRecord Without(VmRecord vm, IReadOnlyList<string> bootRoots, Action<string> tell)
    {
        string Kept(string field, string value)
        {
            if (value.Length == 0 || IsForGuests(value, bootRoots))
            {
                return value;
            }

            tell(
                $"Its {field} names \"{BriefText.Of(value, 200)}\" on the host, which is not where files for guests lie; the VM was "
                    + "recovered without it, because nothing proves its metadata.");
            return "";
        }

        var platform = vm.Platform;
        foreach (var key in PlatformKeys.Where(platform.ContainsKey))
        {
            tell($"Its platform:{key} was left out, because nothing proves its metadata.");
            platform = platform.Remove(key);
        }

        var kernel = Kept("PV_kernel", vm.PvKernel);
        return vm with
        {
            PvKernel = kernel,
            PvRamdisk = Kept("PV_ramdisk", vm.PvRamdisk),
            PvArgs = kernel.Length == 0 && vm.PvKernel.Length > 0 ? "" : vm.PvArgs,
            PvBootloader = Kept("PV_bootloader", vm.PvBootloader),
            Platform = platform,
        };
    }

    private static bool IsForGuests(string path, IReadOnlyList<string> bootRoots) =>
        Path.IsPathRooted(path) && Path.GetFullPath(path) == path && bootRoots.Any(d => path.StartsWith(d + "/", StringComparison.Ordinal));
}
