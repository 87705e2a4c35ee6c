namespace Redoubt.Console.Parts;

/// <summary>What is asked before something is done by which something is lost.</summary>
/// <param name="Title">The question.</param>
/// <param name="Text">What it would mean.</param>
/// <param name="Ok">The word on the button that does it.</param>
public sealed record Confirmation(string Title, string Text, string Ok)
{
    /// <summary>The word on the button that doesn't.</summary>
    public string No { get; init; } = PartsText.Cancel;

    /// <summary>What has to be typed first; null for nothing. Asked for where a slip would cost what nothing brings back.</summary>
    public string? Word { get; init; }
}
