namespace Redoubt.Recovery;

/// <summary>What was seen of a VM as it was found to be well, or was given up.</summary>
/// <param name="At">When.</param>
/// <param name="Found">By what it was judged, in a sentence's words.</param>
/// <param name="Screen">Its screen, a PNG as Base64; null: there is no picture of it.</param>
/// <param name="NoScreen">Why not, in a sentence's words; null if there is one.</param>
internal sealed record VmEvidence(DateTimeOffset At, string Found, string? Screen, string? NoScreen)
{
    /// <summary>What a fact's key begins with, before the VM's UUID in the plan.</summary>
    public const string Key = "seen:";

    /// <summary>Of how many VMs of a run pictures are kept.</summary>
    public const int MostScreens = 100;

    /// <summary>How long one may be, as Base64: about 64 KiB. Those of text are a tenth of that.</summary>
    public const int LongestScreen = 88_000;

    /// <summary>What a run has kept of a VM; null if nothing, or nothing that can be read.</summary>
    public static VmEvidence? Of(RunState state, string vm) =>
        state.Steps.Select(s => s.Facts.GetValueOrDefault(Key + vm)).OfType<string>().LastOrDefault() is { } kept ? Read(kept) : null;

    private static VmEvidence? Read(string kept)
    {
        try
        {
            return RecoveryJson.Read<VmEvidence>(kept);
        }
        catch (FormatException)
        {
            // A later version may keep it otherwise. The report says that there is none.
            return null;
        }
    }
}
