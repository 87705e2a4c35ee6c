using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>
/// How a server says that it lacks a message of Redoubt's own. A genuine xapi says it to an administrator as any server does; to
/// everybody else it refuses what it takes for an extension of its host.
/// </summary>
internal static class LackingMessage
{
    public static bool Is(string message, XenApiException failure) =>
        DataModel.FindMessage(message) is { Message.IsExtension: true }
        && (failure.Code == "MESSAGE_METHOD_UNKNOWN"
            || failure is { Code: "RBAC_PERMISSION_DENIED", Parameters: ["host.call_extension", ..] });
}
