using System.Text;

namespace Redoubt.Server.Nbd;

/// <summary>An answer to an option.</summary>
/// <param name="Option">The option.</param>
/// <param name="Kind">What kind of answer.</param>
/// <param name="Data">What goes with it; of a refusal a sentence for people.</param>
internal sealed record NbdReply(NbdOption Option, NbdReplyKind Kind, byte[] Data)
{
    // Clients show no more.
    private const int LongestSentence = 4096;

    /// <summary>Whether no other answer to the same option follows.</summary>
    public bool IsLast => Kind == NbdReplyKind.Ack || IsRefusal;

    /// <summary>Whether it says no.</summary>
    public bool IsRefusal => ((uint)Kind & 0x8000_0000) != 0;

    /// <summary>A yes.</summary>
    public static NbdReply Yes(NbdOption option) => new(option, NbdReplyKind.Ack, []);

    /// <summary>A no.</summary>
    public static NbdReply No(NbdOption option, NbdReplyKind kind, string sentence)
    {
        var bytes = Encoding.UTF8.GetBytes(sentence);
        return new(option, kind, bytes[..Math.Min(bytes.Length, LongestSentence)]);
    }
}
