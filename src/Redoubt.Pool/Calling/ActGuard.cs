using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The door before what may need two persons, as whoever acts sees it: it lets them pass, or throws <c>DR_APPROVAL_NEEDED</c>.
/// </summary>
/// <param name="act">What is to be done.</param>
/// <param name="subject">To what, in a word that is the same when it is asked again.</param>
/// <param name="what">The same for people, as a clause: <c>stop protecting SR gold</c>.</param>
/// <param name="session">Whose session it is done in.</param>
public delegate void ActGuard(GuardedAct act, string subject, string what, SessionState session);
