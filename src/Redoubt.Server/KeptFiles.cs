using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.Server.Directories;
using Redoubt.Server.Listening;
using Redoubt.Server.Notifying;
using Redoubt.Server.Sessions;
using Redoubt.Server.Users;
using Redoubt.Storage;

namespace Redoubt.Server;

/// <summary>
/// Reads every file that the server keeps before the pool is opened, so that one that can't be used stops the start before anything has
/// been changed.
/// </summary>
internal static class KeptFiles
{
    private static readonly (string Name, Action<string> Check)[] Checks =
    [
        ("user-passwords.json", directory => LocalPasswords.Open(new(directory))),
        ("directory-password.json", DirectoryLogins.Check),
        (Notifier.FileName, directory => Notifier.Kept(new(directory))),
        .. DeskFiles.Checks,
    ];

    /// <summary>Checks all of them.</summary>
    /// <param name="directory">Where they are.</param>
    /// <param name="setsRootPassword">Whether root's password is about to be replaced.</param>
    /// <exception cref="InvalidDataException">One of them can't be used; nothing was changed.</exception>
    public static void Check(DataDirectory directory, bool setsRootPassword)
    {
        foreach (var (name, check) in Checks.Where(c => !directory.Without.Contains(c.Name)))
        {
            // Of what has been kept, nothing is something that has been lost.
            if (directory.Knows(name) && new FileInfo(directory.PathOf(name)).Length == 0)
            {
                throw new InvalidDataException(
                    $"{directory.PathOf(name)} is empty, which held {KeptName.Find(name)!.Holds}. Nothing was changed. "
                        + $"{KeptName.Find(name)!.Advice}");
            }

            check(directory.FullPath);
        }

        if (!directory.Without.Contains(KeptName.Runs))
        {
            try
            {
                RunEngine.Check(directory.PathOf(KeptName.Runs), isNew: !directory.Knows(KeptName.Runs));
            }
            catch (InvalidDataException unusable)
            {
                throw new InvalidDataException($"{unusable.Message} Nothing was changed. {KeptName.Find(KeptName.Runs)!.Advice}", unusable);
            }
        }

        if (!setsRootPassword && !directory.Without.Contains(RootPassword.FileName))
        {
            RootPassword.Kept(new(directory.FullPath), replaced: false);
        }

        ServerCertificate.Check(directory.FullPath);
    }
}
