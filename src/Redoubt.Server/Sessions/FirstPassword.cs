using Redoubt.Server.Supervising;
using Redoubt.Storage;

namespace Redoubt.Server.Sessions;

/// <summary>
/// How somebody learns the password that a first start has made up. It is printed where a person or a script reads it. Where standard
/// output is the system's journal, which others read and which is kept for months, it is put into a file that only the daemon's user can
/// read, and that goes when the password is changed.
/// </summary>
internal static class FirstPassword
{
    /// <summary>The file's name, in the daemon's directory.</summary>
    public const string FileName = "first-root-password";

    /// <summary>Shows a password, and where the console is, so that it has reached its reader when this returns.</summary>
    /// <exception cref="IOException">It can't be shown.</exception>
    public static Action<string, Uri> Shown(TextWriter output, string directory) => (password, console) =>
    {
        if (JournalStream.IsStandardOutput())
        {
            var path = Path.Combine(directory, FileName);
            DurableFile.Write(path, System.Text.Encoding.UTF8.GetBytes($"{password}\n"));
            output.WriteLine($"redoubt: root password: in {path}, until it is changed");
        }
        else
        {
            output.WriteLine($"redoubt: root password: {password}");
        }

        output.WriteLine($"redoubt: console: {console} (user root)");
        output.Flush();
    };

    /// <summary>Removes the file: what it holds is no password any more.</summary>
    public static void Forget(string directory) => File.Delete(Path.Combine(directory, FileName));
}
