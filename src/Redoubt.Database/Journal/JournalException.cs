namespace Redoubt.Database.Journal;

/// <summary>A volume that cannot be used as the caller wants, though it can be read and written.</summary>
public sealed class JournalException : Exception
{
    /// <summary>Makes the exception.</summary>
    public JournalException(JournalFault fault, string message)
        : base(message) => Fault = fault;

    /// <summary>What is in the way.</summary>
    public JournalFault Fault { get; }
}
