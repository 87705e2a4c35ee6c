namespace Redoubt.Recovery;

/// <summary>How the hosts of a pool of several agree to what goes into the journal of runs; see <see cref="RunJournal"/>.</summary>
/// <param name="Entry">
/// Has them agree to events, by the number of the last of them. Answers whether there are so many by now that all should be laid before
/// them at once.
/// </param>
/// <param name="Whole">Has them agree to all events up to a number, in the place of those so far.</param>
public sealed record RunAgreement(Func<long, byte[], bool> Entry, Action<long, byte[]> Whole);
