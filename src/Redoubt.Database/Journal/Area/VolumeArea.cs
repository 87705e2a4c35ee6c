namespace Redoubt.Database.Journal.Area;

/// <summary>Our area of a volume, read.</summary>
/// <param name="Header">What it says of itself; <see langword="null"/> where there is none that can be read.</param>
/// <param name="First">The proof records of the first half.</param>
/// <param name="Second">Those of the second.</param>
/// <param name="History">What the history holds.</param>
/// <param name="Problems">What is wrong in it.</param>
internal sealed record VolumeArea(
    AreaHeader? Header, ProofList First, ProofList Second, HistoryDirectory History, IReadOnlyList<string> Problems)
{
    /// <summary>Which daemon writes the volume; <see langword="null"/> where none has said so.</summary>
    public VolumeOwner? Owner { get; init; }

    /// <summary>Reads it. Never throws on what is there, nor on a device that does not give it.</summary>
    public static VolumeArea Read(JournalBytes bytes, JournalLayout layout)
    {
        var problems = new List<string>();
        var header = (AreaHeader?)null;
        if (layout.Area is not null)
        {
            try
            {
                (header, _, var problem) = AreaHeader.Read(bytes, layout.AreaStart);
                if (problem is not null)
                    problems.Add(problem);
            }
            catch (IOException e)
            {
                problems.Add($"the device failed to give the header of Redoubt's area: {e.Message}");
            }
        }

        if (header is null)
            return new VolumeArea(null, ProofList.None, ProofList.None, HistoryDirectory.Empty, problems);
        var (history, _, damage) = HistoryDirectory.Read(bytes, header.Map);
        if (damage is not null)
            problems.Add(damage);
        return new VolumeArea(
            header, ProofList.Read(bytes, header.Map, JournalHalf.First), ProofList.Read(bytes, header.Map, JournalHalf.Second), history,
            problems)
        {
            Owner = ReadOwner(bytes, header.Map.Start),
        };
    }

    /// <summary>The proof records of a half.</summary>
    public ProofList Proofs(JournalHalf half) => half == JournalHalf.First ? First : Second;

    /// <summary>
    /// The entries of the pool whose volume it is, the newest first. What another pool left on the volume is no state of this one.
    /// </summary>
    public IEnumerable<HistoryEntry> Entries => History.Entries.Where(e => e.Pool.Uuid == Header?.Pool.Uuid).Reverse();

    /// <summary>The problems as one text.</summary>
    public string? Problem => Problems.Count == 0 ? null : string.Join("; ", Problems);

    private static VolumeOwner? ReadOwner(JournalBytes bytes, long start)
    {
        try
        {
            return VolumeOwner.Of(AreaSection.Read(bytes, start, AreaSection.OwnerNumber).Section);
        }
        catch (IOException)
        {
            // Only who wrote it is unknown then; what it holds does not depend on that.
            return null;
        }
    }
}
