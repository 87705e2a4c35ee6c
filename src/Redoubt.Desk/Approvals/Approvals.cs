using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Logging;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// The door before what needs two persons, and those who open it: <c>approvals.json</c> of the daemon's directory. It lies beside the
/// database, in which whoever may change the pool could change it too.
/// </summary>
internal sealed class Approvals
{
    private const string FileName = "approvals.json";

    private readonly PoolServices _pool;
    private readonly KeptFile<ApprovalBook> _book;

    private Approvals(PoolServices pool, KeptFile<ApprovalBook> book) => (_pool, _book) = (pool, book);

    /// <summary>How things stand.</summary>
    public ApprovalBook Book => _book.Value;

    private DateTimeOffset Now => _pool.Time.GetUtcNow();

    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static Approvals Open(PoolServices pool) => new(pool, Kept(pool.Files));

    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static KeptFile<ApprovalBook> Kept(PoolFiles files) => KeptFile<ApprovalBook>.Open(
        files, FileName, ApprovalBook.Empty,
        content => RecoveryJson.Read<ApprovalBook>(Encoding.UTF8.GetString(content)),
        book => Encoding.UTF8.GetBytes(RecoveryJson.Write(book)));

    /// <summary>
    /// Lets somebody do something, once, if it needs nobody else or another person has approved; else asks for that.
    /// </summary>
    /// <returns>The approval, which is used up; null if none is needed.</returns>
    /// <exception cref="XenApiException"><c>DR_APPROVAL_NEEDED</c>.</exception>
    public ApprovalRequest? Take(GuardedAct act, string subject, string what, SessionOwner owner)
    {
        if (!Book.Guards(act))
        {
            return null;
        }

        ApprovalRequest? granted = null, asked = null;
        var isNew = false;
        var (identity, now) = (IdentityOf(owner), Now);
        _book.Change(book =>
        {
            (granted, asked, isNew) = (book.Granted(act, subject, identity, now), book.Waiting(act, subject, identity, now), false);
            if (granted is not null)
            {
                return book.With(granted with { Outcome = ApprovalOutcome.Used });
            }

            if (asked is not null)
            {
                return book;
            }

            (asked, isNew) = (new ApprovalRequest
            {
                Id = Guid.NewGuid().ToString("D"),
                Act = act,
                Subject = subject,
                What = what,
                By = owner.UserName,
                ByIdentity = identity,
                At = now,
                Until = now + ApprovalBook.Holds,
            }, true);
            return book.Add(asked);
        });
        if (granted is not null)
        {
            return granted;
        }

        if (isNew)
        {
            Tell(new Announcement.ApprovalAsked(_pool.PoolUuid, asked!.Id, asked.By, what));
        }

        throw new XenApiException("DR_APPROVAL_NEEDED", asked!.Id, what);
    }

    /// <summary>Gives back what was taken and could not be used.</summary>
    public void GiveBack(ApprovalRequest taken) => _book.Change(book => book.With(taken));

    /// <summary>Approves, or refuses, what somebody else wants to do.</summary>
    /// <exception cref="XenApiException"><c>DR_APPROVAL_UNKNOWN</c>, <c>DR_APPROVAL_OWN</c>.</exception>
    public void Decide(string id, bool isApproved, string statement, SessionOwner owner)
    {
        var decided = Change(id, request => IdentityOf(owner) == request.ByIdentity
            ? throw new XenApiException("DR_APPROVAL_OWN", id, request.By)
            : request with
            {
                Outcome = isApproved ? ApprovalOutcome.Approved : ApprovalOutcome.Refused,
                DecidedBy = owner.UserName,
                DecidedAt = Now,
                Statement = statement,
                Until = isApproved ? Now + ApprovalBook.Holds : request.Until,
            });
        Tell(isApproved
            ? new Announcement.ApprovalGiven(_pool.PoolUuid, decided.Id, decided.By, decided.What, owner.UserName)
            : new Announcement.ApprovalRefused(_pool.PoolUuid, decided.Id, decided.By, decided.What, owner.UserName, statement));
    }

    /// <summary>Takes on oneself what one has asked for.</summary>
    /// <exception cref="XenApiException"><c>DR_APPROVAL_UNKNOWN</c>, <c>INVALID_VALUE</c>.</exception>
    public void Override(string id, string statement, SessionOwner owner)
    {
        if (string.IsNullOrWhiteSpace(statement))
        {
            throw new XenApiException("INVALID_VALUE", "statement", "(nothing: say why nobody else can be asked; it is kept)");
        }

        var overridden = Change(id, request => IdentityOf(owner) != request.ByIdentity
            ? throw new XenApiException("INVALID_VALUE", "approval", $"{id} ({request.By} asked for it: approve or refuse it)")
            : request with
            {
                Outcome = ApprovalOutcome.Overridden,
                DecidedBy = owner.UserName,
                DecidedAt = Now,
                Statement = statement,
                IsOverride = true,
                Until = Now + ApprovalBook.Holds,
            });
        Tell(new Announcement.ApprovalOverridden(_pool.PoolUuid, overridden.Id, overridden.By, overridden.What, statement));
    }

    /// <summary>Says what needs two persons. That less does needs two itself.</summary>
    /// <exception cref="XenApiException"><c>DR_APPROVAL_NEEDED</c>.</exception>
    public void SetGuarded(ImmutableSortedSet<GuardedAct> guarded, SessionOwner owner)
    {
        var words = guarded.IsEmpty ? "nothing" : string.Join(", ", guarded.Select(WordOf));
        if (!Book.Guarded.Except(guarded).IsEmpty)
        {
            Take(GuardedAct.Policy, words, $"have two persons asked of {words} only", owner);
        }

        if (_book.Change(book => book.Guarded.SetEquals(guarded) ? book : book with { Guarded = guarded }))
        {
            Tell(new Announcement.TwoPersonsChanged(_pool.PoolUuid, owner.UserName, words));
        }
    }

    /// <summary>What one of them is called where it is written.</summary>
    public static string WordOf(GuardedAct act) => act.ToString().ToLowerInvariant();

    // By the subject, and not by the session or the name: whoever logs in twice is one person.
    private static string IdentityOf(SessionOwner owner) =>
        owner.Subjects.IsEmpty ? SessionOwner.RootName : $"{(owner.IsFromDirectory ? "directory" : "local")}:{owner.Identifier}";

    private ApprovalRequest Change(string id, Func<ApprovalRequest, ApprovalRequest> change)
    {
        ApprovalRequest? changed = null;
        _book.Change(book =>
        {
            var request = book.WaitingAt(Now).FirstOrDefault(r => r.Id == id) ?? throw new XenApiException("DR_APPROVAL_UNKNOWN", id);
            changed = change(request);
            return book.With(changed);
        });
        return changed!;
    }

    // It is on record already; that it could not be told must not undo it.
    private void Tell(Announcement announcement) => _ = TellAsync(announcement);

    private async Task TellAsync(Announcement announcement)
    {
        try
        {
            await _pool.PostAsync(announcement);
        }
        catch (XenApiException failed)
        {
            _pool.Loggers.CreateLogger<Approvals>().LogError(failed, "People could not be told: {Text}", announcement.Text);
        }
    }
}
