using System.Buffers.Binary;
using System.Text;

namespace Redoubt.Server.ThinCli;

/// <summary>
/// What the server sends in the thin client's protocol. Numbers have four bytes, the lowest first; text is its length and its UTF-8.
/// <code>
/// hello     the prefix, major version, minor version; the client answers with its own
/// message   the length of the rest; 9 for a command; the command's number; what belongs to it
///            0 print       text, to which the client adds a line feed
///            4 exit        exit code
///           12 get         a file's name, an address: fetch it from there into the file
///           13 put         a file's name, an address: bring the file there
///           14 error       code, number of parameters, parameters
///           16 complain    text for standard error, as it is
/// </code>
/// </summary>
internal static class ThinCliMessage
{
    /// <summary>What both sides begin with.</summary>
    public const string Prefix = "XenSource thin CLI protocol";

    private const int Command = 9;

    /// <summary>The length of a greeting.</summary>
    public static int HelloBytes => Prefix.Length + 8;

    public static byte[] Hello() => [.. Encoding.ASCII.GetBytes(Prefix), .. Int(0), .. Int(2)];

    public static byte[] Print(string text) => Message(0, Text(text));

    public static byte[] Exit(int code) => Message(4, Int(code));

    public static byte[] Get(string file, string path) => Message(12, [.. Text(file), .. Text(path)]);

    public static byte[] Put(string file, string path) => Message(13, [.. Text(file), .. Text(path)]);

    public static byte[] Error(string code, IReadOnlyList<string> parameters) =>
        Message(14, [.. Text(code), .. Int(parameters.Count), .. parameters.SelectMany(Text)]);

    public static byte[] Complain(string text) => Message(16, Text(text));

    private static byte[] Message(int number, byte[] content) => [.. Int(8 + content.Length), .. Int(Command), .. Int(number), .. content];

    private static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [.. Int(bytes.Length), .. bytes];
    }

    private static byte[] Int(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
