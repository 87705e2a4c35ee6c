using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>What a recovery is to keep to. A target that nobody has set is null.</summary>
/// <param name="Rpo">How old the state may be that a disaster leaves behind.</param>
/// <param name="Rto">How long it may take from the decision until everything is where it is wanted.</param>
public sealed record RecoveryTargets(TimeSpan? Rpo = null, TimeSpan? Rto = null)
{
    /// <summary>The longest target, in seconds: a hundred years are for ever, and more than that no clock counts.</summary>
    public const long MostSeconds = 3_155_760_000;

    /// <summary>Of what has none.</summary>
    public static RecoveryTargets None { get; } = new();

    /// <summary>Whether there is none.</summary>
    public bool IsNone() => this == None;

    /// <summary>
    /// The targets in an <c>other_config</c>: of a VM in its own; of a vApp, which has none, in the pool's, with its UUID at the end of the
    /// key. What is no number of seconds counts as no target, and is named.
    /// </summary>
    /// <param name="config">The <c>other_config</c>.</param>
    /// <param name="suffix">What follows the key: nothing, or <c>:UUID</c>.</param>
    public static (RecoveryTargets Targets, ImmutableArray<string> Garbled) Read(
        IReadOnlyDictionary<string, string> config, string suffix = "")
    {
        ArgumentNullException.ThrowIfNull(config);
        var garbled = ImmutableArray.CreateBuilder<string>();
        return (new(One(Marks.RpoTarget), One(Marks.RtoTarget)), garbled.ToImmutable());

        TimeSpan? One(string mark)
        {
            if (!config.TryGetValue(mark + suffix, out var text))
            {
                return null;
            }

            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= MostSeconds)
            {
                return TimeSpan.FromSeconds(seconds);
            }

            garbled.Add($"{mark + suffix}={text}");
            return null;
        }
    }
}
