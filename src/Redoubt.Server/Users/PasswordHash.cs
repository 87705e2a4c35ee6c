namespace Redoubt.Server.Users;

/// <summary>The text that is kept of a password: base64 of a format's number, its parameters, the salt and the hash.</summary>
internal static class PasswordHash
{
    private const byte Oldest = 0;
    private const byte Newest = 1;

    // 16 bytes of salt and 32 of hash, at the least; a shorter one lets nobody in, and comparing it would be an error at each login.
    private const int LeastBytes = 49;

    /// <summary>Checks that a hash is one, so that damage is found when the file is read and not when somebody logs in.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Require(string? hash)
    {
        var bytes = Convert.FromBase64String(hash ?? throw new FormatException("a hash is missing"));
        return bytes.Length >= LeastBytes && bytes[0] is Oldest or Newest ? hash : throw new FormatException("a hash is none");
    }
}
