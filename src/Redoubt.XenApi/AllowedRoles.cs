namespace Redoubt.XenApi;

/// <summary>Who may send a message: a role and all above it, and perhaps sessions that logged in with a client certificate.</summary>
/// <param name="Lowest">The lowest role that may.</param>
/// <param name="ClientCertificate">Whether <c>client-cert</c> sessions may.</param>
public readonly record struct AllowedRoles(Role Lowest, bool ClientCertificate)
{
    /// <summary>Whether a session of this role may.</summary>
    public bool Allows(Role role) => role >= Lowest;
}
