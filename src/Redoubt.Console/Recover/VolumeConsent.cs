using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>Consent to recover from a volume that nothing proves. Pure.</summary>
internal static class VolumeConsent
{
    /// <summary>The same request, in which a volume is believed or not.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="volume">The volume's UUID.</param>
    /// <param name="isBelieved">Whether it is to be believed.</param>
    public static RecoveryRequest Believing(this RecoveryRequest request, string volume, bool isBelieved) => request with
    {
        Policy = request.Policy with
        {
            AcceptedVolumes = isBelieved ? request.Policy.AcceptedVolumes.Add(volume) : request.Policy.AcceptedVolumes.Remove(volume),
        },
    };
}
