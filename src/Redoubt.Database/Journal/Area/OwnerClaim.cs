namespace Redoubt.Database.Journal.Area;

/// <summary>
/// A writer's claim on a volume: taken once, with the first full write, and looked at again before and after everything that is
/// acknowledged. Looking costs one read of what is in memory.
/// </summary>
internal sealed class OwnerClaim
{
    private readonly JournalDevice _device;
    private readonly long _start;
    private readonly byte[][] _seen = [new byte[AreaSection.Bytes], new byte[AreaSection.Bytes]];
    private readonly byte[] _blocks = new byte[AreaMap.HeaderSlotBytes + AreaSection.Bytes];
    private Guid _pool;
    private bool _isHeld;

    /// <summary>Writes nothing yet.</summary>
    /// <param name="device">The volume.</param>
    /// <param name="start">Where our area begins there.</param>
    /// <param name="owner">Who writes. With a term above 0, who has claimed this volume before: then it must still be its.</param>
    public OwnerClaim(JournalDevice device, long start, VolumeOwner owner) => (_device, _start, Owner) = (device, start, owner);

    /// <summary>Who writes; with its term, once the volume is claimed.</summary>
    public VolumeOwner Owner { get; private set; }

    /// <summary>Takes the volume over, or proves that it still is this writer's. Durable when it returns.</summary>
    /// <param name="pool">The pool whose database it is to hold.</param>
    /// <exception cref="JournalException"><see cref="JournalFault.Superseded"/>, <see cref="JournalFault.Displaced"/>.</exception>
    public void Take(PoolIdentity pool)
    {
        _pool = pool.Uuid;
        if (_isHeld)
        {
            Require();
            return;
        }

        var (section, copy) = AreaSection.Read(_device.Bytes, _start, AreaSection.OwnerNumber);
        var found = VolumeOwner.Of(section);
        if (Owner.Term > 0)
        {
            Judge(found, _device.Bytes);
        }
        else
        {
            Owner = Owner with { Term = (section?.Sequence ?? 0) + 1 };
        }

        // The older copy first, so that no crash leaves the volume without an owner's record that holds.
        var block = Owner.ToSection().Encode();
        foreach (var next in (int[])[copy ^ 1, copy])
        {
            _device.WriteAt(AreaSection.At(_start, next, AreaSection.OwnerNumber), block);
            _device.Flush();
            block.CopyTo(_seen[next], 0);
        }

        // Of two that claim it in the same moment the one that writes last has it.
        _isHeld = true;
        Require();
    }

    /// <summary>Requires that nobody else has taken the volume over since.</summary>
    /// <exception cref="JournalException"><see cref="JournalFault.Superseded"/>, <see cref="JournalFault.Displaced"/>.</exception>
    public void Require()
    {
        // One question for both copies: it is asked twice for each flush.
        var length = _device.ReadAt(AreaSection.At(_start, 0, AreaSection.OwnerNumber), _blocks);
        if (length < _blocks.Length
            || !_blocks.AsSpan(0, AreaSection.Bytes).SequenceEqual(_seen[0])
            || !_blocks.AsSpan(^AreaSection.Bytes..).SequenceEqual(_seen[1]))
        {
            // If one copy is damaged and the other says who, it stays as it is until it is read next.
            RequireIn(_device.Bytes);
        }
    }

    /// <summary>Requires that whoever reads the volume elsewhere finds this writer as its owner.</summary>
    /// <param name="bytes">The volume, opened by its path.</param>
    /// <exception cref="JournalException"><see cref="JournalFault.Superseded"/>, <see cref="JournalFault.Displaced"/>.</exception>
    public void RequireIn(JournalBytes bytes) =>
        Judge(VolumeOwner.Of(AreaSection.Read(bytes, _start, AreaSection.OwnerNumber).Section), bytes);

    private void Judge(VolumeOwner? found, JournalBytes bytes)
    {
        if (found?.Id == Owner.Id)
            return;
        // Another pool's volume has an owner too, and was put here by somebody: that takes nothing over.
        if (AreaHeader.Read(bytes, _start).Header?.Pool is { } pool && pool.Uuid != _pool)
            throw _device.Displaced($"it is the metadata volume of the pool {pool.Name} ({pool.Uuid})");
        throw found is null || found.Term < Owner.Term
            ? _device.Displaced($"{(found is null ? "it names no daemon" : $"it names {found}")} as the one that writes it")
            : new JournalException(JournalFault.Superseded, $"{_device.Path} has been taken over by {found}");
    }
}
