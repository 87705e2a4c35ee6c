using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Users;

/// <summary>The names by which subjects log in (<see cref="Subjects.LoginName"/>). Case does not count, as in directories.</summary>
internal static class SubjectNames
{
    private const int Longest = 256;

    /// <summary>The subject of this name, or null.</summary>
    public static (Ref<SubjectRecord> Ref, SubjectRecord Record)? Find(DatabaseState state, string name)
    {
        foreach (var (reference, subject) in state.All<SubjectRecord>())
        {
            if (string.Equals(Subjects.LoginName(subject), name, StringComparison.OrdinalIgnoreCase))
            {
                return (reference, subject);
            }
        }

        return null;
    }

    /// <summary>Refuses a name that could not log in, or that is the superuser's.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void Require(string name)
    {
        // A colon would end the name where HTTP sends name and password.
        if (name.Length is 0 or > Longest || name.Contains(':', StringComparison.Ordinal) || name.Any(char.IsControl)
            || string.Equals(name, SessionOwner.RootName, StringComparison.OrdinalIgnoreCase))
        {
            throw new XenApiException("INVALID_VALUE", $"other_config:{Subjects.NameKey}", name);
        }
    }
}
