namespace Redoubt.Console.Apps;

/// <summary>How a VM is known to be well, as <c>VM.other_config:dr-health</c> spells it.</summary>
/// <param name="Kind"><c>delay</c>, <c>agent</c>, <c>tcp</c>, <c>console</c> or <c>script</c>.</param>
/// <param name="Argument">The port, text or name.</param>
public sealed record HealthSetting(string Kind, string Argument)
{
    /// <summary>The kinds there are.</summary>
    public static readonly string[] Kinds = ["delay", "agent", "tcp", "console", "script"];

    /// <summary>Whether it needs an argument.</summary>
    public bool TakesArgument => Kind is "tcp" or "console" or "script";

    /// <summary>Reads the value; nothing means the delay.</summary>
    public static HealthSetting Parse(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var parts = value.Split(':', 2);
        return Array.IndexOf(Kinds, parts[0]) >= 0 ? new(parts[0], parts.Length > 1 ? parts[1] : "") : new("delay", "");
    }

    /// <inheritdoc/>
    public override string ToString() => TakesArgument ? $"{Kind}:{Argument}" : Kind;
}
