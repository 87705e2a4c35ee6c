using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// A guest of one sector that counts the ticks of its clock on its serial port, from 1 at each boot, in four digits each: its log says what
/// it has gone through.
/// </summary>
internal static partial class CountingGuest
{
    public const long DiskBytes = 1 << 20;

    private const long Memory = 64 << 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Its disk.</summary>
    /// <param name="writesToDisk">Whether it writes each count to the disk's second sector as well.</param>
    public static byte[] Image(bool writesToDisk)
    {
        byte[] count =
        [
            0x31, 0xed, 0xfb, //                         xor bp,bp; sti
            0xf4, 0x45, 0x89, 0xe8, 0xb9, 0x04, 0x00, // next: hlt; inc bp; mov ax,bp; mov cx,4
            0xc1, 0xc0, 0x04, 0x50, 0x24, 0x0f, //       digit: rol ax,4; push ax; and al,15
            0x3c, 0x0a, 0x72, 0x02, 0x04, 0x07, //       cmp al,10; jb +2; add al,7
            0x04, 0x30, 0xba, 0xf8, 0x03, 0xee, 0x58, // add al,'0'; mov dx,3f8h; out dx,al; pop ax
            0xe2, 0xeb, 0xb0, 0x0a, 0xee, //             loop digit; mov al,10; out dx,al
        ];
        byte[] goOn = [0xeb, 0xdf]; //                   jmp next
        byte[] writeAndGoOn =
        [
            0x89, 0x2e, 0x00, 0x7e, //                   mov [7e00h],bp
            0xb8, 0x01, 0x03, 0xbb, 0x00, 0x7e, //       mov ax,0301h; mov bx,7e00h
            0xb9, 0x02, 0x00, 0xba, 0x80, 0x00, //       mov cx,2; mov dx,80h
            0xcd, 0x13, 0xfb, 0xeb, 0xcc, //             int 13h; sti; jmp next
        ];
        var image = new byte[DiskBytes];
        ((byte[])[.. count, .. writesToDisk ? writeAndGoOn : goOn]).CopyTo(image, 0);
        (image[510], image[511]) = (0x55, 0xaa);
        return image;
    }

    /// <summary>Makes one, which does not run yet.</summary>
    public static async Task<(Ref<VmRecord> Vm, Ref<VdiRecord> Disk)> CreateAsync(
        XenApiClient api, Ref<SrRecord> sr, bool writesToDisk = false)
    {
        var disk = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "disk", Sr = sr, VirtualSize = DiskBytes }], Stop);
        using var content = new MemoryStream(Image(writesToDisk));
        await api.ImportRawVdiAsync(disk, "raw", content, null, Stop);
        return (await CreateVmAsync(api, disk, writesToDisk ? "writer" : "counter"), disk);
    }

    /// <summary>Makes a VM that boots from a disk, whatever is on that.</summary>
    public static async Task<Ref<VmRecord>> CreateVmAsync(XenApiClient api, Ref<VdiRecord> disk, string name, long memory = Memory)
    {
        var vm = await api.CallAsync<Ref<VmRecord>>(
            "VM.create",
            [
                new VmRecord
                {
                    NameLabel = name,
                    VcpusMax = 1,
                    VcpusAtStartup = 1,
                    MemoryStaticMin = 32 << 20,
                    MemoryDynamicMin = memory,
                    MemoryDynamicMax = memory,
                    MemoryStaticMax = memory,
                    HvmBootPolicy = "BIOS order",
                    HvmBootParams = ImmutableSortedDictionary<string, string>.Empty.Add("order", "c"),
                },
            ],
            Stop);
        await api.CallAsync<Ref<VbdRecord>>(
            "VBD.create",
            [new VbdRecord { Vm = vm, Vdi = disk, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk, Bootable = true }], Stop);
        return vm;
    }

    /// <summary>The last of its counts, 0 before the first; null while the host that it is on does not answer.</summary>
    public static async Task<int?> LastAsync(XenApiClient api, Ref<VmRecord> vm)
    {
        try
        {
            return CountsIn(await LogAsync(api, vm)).LastOrDefault();
        }
        catch (XenApiException offline) when (offline.Code == "HOST_OFFLINE")
        {
            return null;
        }
    }

    /// <summary>Waits until the host that it is on answers for it.</summary>
    public static Task UntilReachedAsync(XenApiClient api, Ref<VmRecord> vm) =>
        Patience.UntilAsync(async () => await LastAsync(api, vm) is not null, "the guest's log can be read");

    /// <summary>Waits until it has counted past a number.</summary>
    public static Task CountsPastAsync(XenApiClient api, Ref<VmRecord> vm, int count) => Patience.UntilAsync(
        async () => await LastAsync(api, vm) > count, $"the guest counts past {count}");

    /// <summary>Waits until it has counted on by more than this.</summary>
    public static async Task CountsOnAsync(XenApiClient api, Ref<VmRecord> vm, int by = 5) =>
        await CountsPastAsync(api, vm, (await LastAsync(api, vm) ?? 0) + by);

    /// <summary>How often it has booted where it is, not having come there with its memory.</summary>
    public static async Task<int> BootsAsync(XenApiClient api, Ref<VmRecord> vm) => CountsIn(await LogAsync(api, vm)).Count(c => c == 1);

    /// <summary>All counts of a log.</summary>
    public static IEnumerable<int> CountsIn(string log) =>
        CountLine().Matches(log).Select(m => Convert.ToInt32(m.Groups["count"].Value, 16));

    private static Task<string> LogAsync(XenApiClient api, Ref<VmRecord> vm) =>
        api.CallAsync<string>("VM.get_console_log", [vm, 0L], Stop);

    [GeneratedRegex("(?<count>[0-9A-F]{4})\n", RegexOptions.None, 1000)]
    private static partial Regex CountLine();
}
