namespace Redoubt.Storage;

/// <summary>As whom a hypervisor reaches a disk over the network. The key is in no text that is made of this.</summary>
/// <param name="User">The name.</param>
/// <param name="Key">What proves it, in the form in which the storage gives it out.</param>
public sealed record NetworkLogin(string User, string Key)
{
    /// <summary>The name alone.</summary>
    public override string ToString() => $"{nameof(NetworkLogin)} {{ {User} }}";
}
