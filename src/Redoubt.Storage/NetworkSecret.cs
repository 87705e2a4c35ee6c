using System.Text;

namespace Redoubt.Storage;

/// <summary>As whom a disk is asked for over the network, and what proves that.</summary>
/// <param name="User">The name there.</param>
/// <param name="Key">The proof. It is in no text that is made of this.</param>
public sealed record NetworkSecret(string User, string Key)
{
    // Records print all that they hold, and what prints a disk's source must not print this.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append("User = ").Append(User);
        return true;
    }
}
