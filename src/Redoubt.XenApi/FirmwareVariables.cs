using System.Buffers.Binary;
using System.IO.Compression;

namespace Redoubt.XenApi;

/// <summary>
/// What a UEFI guest's firmware keeps: where to boot from, its keys, whatever the guest stored there. It travels in the VM's record, as
/// xapi has it travel, so that whatever has the record has it too. Pure.
/// </summary>
/// <remarks>
/// The value is the whole flash of OVMF (an EFI firmware volume), packed with gzip, in base64: nearly all of the flash is empty, and what
/// is left are a few thousand characters. xapi's own key has the variables in the form of its <c>varstored</c>, which OVMF does not read;
/// so this is another key, and each leaves the other's alone.
/// </remarks>
public static class FirmwareVariables
{
    /// <summary>The key of <c>VM.NVRAM</c>.</summary>
    public const string Key = "ovmf-variables";

    /// <summary>The key that xapi uses.</summary>
    public const string GenuineKey = "EFI-variables";

    /// <summary>No build of OVMF has a larger flash for its variables than 528 KiB; what says more is not unpacked.</summary>
    public const int BytesMax = 4 << 20;

    private const int SignatureAt = 40;

    /// <summary>Whether a VM boots through UEFI.</summary>
    public static bool AreUsedBy(VmRecord vm) => vm.HvmBootParams.GetValueOrDefault("firmware") == "uefi";

    /// <summary>
    /// Whether a UEFI guest's record has what its firmware kept, in our form and whole; one never started has nothing yet.
    /// </summary>
    public static FirmwareVariablesState StateOf(VmRecord vm)
    {
        if (vm.Nvram.TryGetValue(Key, out var text))
        {
            return Decode(text) is null ? FirmwareVariablesState.Damaged : FirmwareVariablesState.Kept;
        }

        return vm.Nvram.ContainsKey(GenuineKey) ? FirmwareVariablesState.OfAnotherFirmware : FirmwareVariablesState.None;
    }

    /// <summary>Whether bytes begin as an EFI firmware volume does, which the flash of OVMF is, and are no fewer than it says.</summary>
    public static bool IsStore(ReadOnlySpan<byte> bytes) =>
        bytes.Length is > SignatureAt + 4 and <= BytesMax && bytes.Slice(SignatureAt, 4).SequenceEqual("_FVH"u8)
        && BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]) <= (ulong)bytes.Length;

    /// <summary>The value for some flash.</summary>
    public static string Encode(ReadOnlySpan<byte> store)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(store);
        }

        return Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
    }

    /// <summary>The flash; null if the value is none or is damaged.</summary>
    public static byte[]? Decode(string text)
    {
        if (text.Length > BytesMax * 2L)
        {
            return null;
        }

        try
        {
            using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(text)), CompressionMode.Decompress);
            var store = new byte[BytesMax + 1];
            var read = gzip.ReadAtLeast(store, store.Length, throwOnEndOfStream: false);
            return IsStore(store.AsSpan(0, read)) ? store[..read] : null;
        }
        catch (Exception damaged) when (damaged is FormatException or InvalidDataException)
        {
            return null;
        }
    }
}
