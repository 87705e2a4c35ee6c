namespace Redoubt.Console.Recover;

/// <summary>
/// What people have chosen in the wizard, by the word that stands in the page's address: it outlives a reload and a lost browser, and can
/// be gone on with in another one. It is kept in memory and lost with the daemon. The choices themselves are in no address: they may be
/// thousands of VMs, and nobody must be able to lead somebody to a page on which a source is stated to be dead already.
/// </summary>
public sealed class WizardDrafts
{
    // A person has a few pages open; what has not been touched for the longest time gives way.
    private const int MostOfOne = 16;

    private readonly Lock _lock = new();
    private readonly List<(string Id, WizardDraft Draft)> _drafts = [];

    /// <summary>Keeps a draft.</summary>
    /// <param name="id">The word it is kept by; null for a new one.</param>
    /// <param name="draft">The draft.</param>
    /// <returns>The word.</returns>
    internal string Keep(string? id, WizardDraft draft)
    {
        lock (_lock)
        {
            id ??= Guid.NewGuid().ToString("N");
            _drafts.RemoveAll(d => d.Id == id);
            _drafts.Add((id, draft));
            if (_drafts.Count(d => d.Draft.Owner == draft.Owner) > MostOfOne)
            {
                _drafts.RemoveAt(_drafts.FindIndex(d => d.Draft.Owner == draft.Owner));
            }

            return id;
        }
    }

    /// <summary>A draft; null if there is none by that word, or no longer.</summary>
    internal WizardDraft? Find(string id)
    {
        lock (_lock)
        {
            return _drafts.Find(d => d.Id == id).Draft;
        }
    }
}
