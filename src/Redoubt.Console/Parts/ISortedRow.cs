namespace Redoubt.Console;

/// <summary>A row of a <see cref="Redoubt.Console.Parts.SortedTable{TRow, TColumn}"/>.</summary>
public interface ISortedRow<in TColumn>
    where TColumn : struct, Enum
{
    /// <summary>What people call it.</summary>
    string Name { get; }

    /// <summary>What it is sorted by; texts regardless of case.</summary>
    IComparable Key(TColumn column);

    /// <summary>Whether it is what somebody looks for.</summary>
    /// <param name="text">What they have typed; empty for anything.</param>
    bool Matches(string text);
}
