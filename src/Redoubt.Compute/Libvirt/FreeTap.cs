namespace Redoubt.Compute.Libvirt;

/// <summary>
/// A name for a guest's interface on the host. libvirt takes the next number that no device has at that moment, and knows nothing of the
/// other libvirts of the host (another daemon's, the system's), which may be about to take the same. The one that comes second is refused,
/// with nothing left of what it did, and takes the next number when it tries again.
/// </summary>
internal static class FreeTap
{
    private const int Tries = 10;

    /// <summary>Does what takes such names until each is its own.</summary>
    /// <exception cref="LibvirtException">It failed for another reason, or all tries came second.</exception>
    internal static void Find(Action act)
    {
        for (var left = Tries - 1; ; left--)
        {
            try
            {
                act();
                return;
            }
            catch (LibvirtException taken) when (left > 0 && IsTaken(taken.Message))
            {
                // The next number.
            }
        }
    }

    private static bool IsTaken(string error) =>
        error.Contains("Unable to create tap device", StringComparison.Ordinal) && error.Contains("busy", StringComparison.Ordinal);
}
