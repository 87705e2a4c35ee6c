using System.Net;

namespace Redoubt.Desk;

/// <summary>
/// A way for a client inside the daemon to make calls: no socket and no password between, and the same checks and the same audit as for
/// every call from outside. Whoever answers calls gives it; the desk knows no more of them.
/// </summary>
/// <param name="remote">Where whoever calls is, for the audit log: the loopback address for the daemon's own calls.</param>
/// <param name="isUse">Whether a session counts as used by these calls, and so lives on.</param>
public delegate HttpMessageHandler OwnApi(IPAddress remote, bool isUse);
