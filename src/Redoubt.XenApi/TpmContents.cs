using System.Buffers.Binary;

namespace Redoubt.XenApi;

/// <summary>
/// What a guest's virtual TPM keeps: its keys, and the secrets that it gives out to nobody but the system that sealed them. It travels in
/// the database, as xapi has it travel: in the value of a <c>secret</c> that <c>VTPM.contents</c> names. Pure.
/// </summary>
/// <remarks>
/// The value is the permanent state of <c>swtpm</c> in base64. xapi, whose TPM is the same program, writes two more words behind it, parted
/// by spaces (what is kept over a sleep, and over a migration), and reads a value that is only the first.
/// </remarks>
public static class TpmContents
{
    /// <summary>A state has about 6 KiB, and never more than some dozens; what says more is not read.</summary>
    public const int BytesMax = 1 << 20;

    // version, the least version that can read it, length of the head (16 bits), flags (16), length of all (32); numbers big-endian
    private const int HeadBytes = 10;
    private const int VersionMax = 2;

    /// <summary>Whether bytes have the head of a state of <c>swtpm</c>, and are as many as it says.</summary>
    public static bool IsState(ReadOnlySpan<byte> bytes) =>
        bytes.Length is > HeadBytes and <= BytesMax && bytes[1] <= VersionMax
        && BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) is >= HeadBytes and var head && head < bytes.Length
        && BinaryPrimitives.ReadUInt32BigEndian(bytes[6..]) == bytes.Length;

    /// <summary>The value for some state.</summary>
    public static string Encode(ReadOnlySpan<byte> state) => Convert.ToBase64String(state);

    /// <summary>The state; null if the value is none or is damaged.</summary>
    public static byte[]? Decode(string value)
    {
        if (value.Length > BytesMax * 2)
        {
            return null;
        }

        try
        {
            var state = Convert.FromBase64String(value.Split(' ')[0]);
            return IsState(state) ? state : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>What a value has of a state.</summary>
    /// <param name="value">The value; null or empty where a TPM was never used.</param>
    public static TpmContentsState StateOf(string? value) =>
        string.IsNullOrWhiteSpace(value) ? TpmContentsState.None : SealedText.Is(value) ? TpmContentsState.Sealed : Decode(value) is null ? TpmContentsState.Damaged : TpmContentsState.Kept;
}
