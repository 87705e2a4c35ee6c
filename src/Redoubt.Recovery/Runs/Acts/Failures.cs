using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Failures of servers in words.</summary>
internal static class Failures
{
    public static string Describe(XenApiException failure)
    {
        if (ErrorSentences.Find(failure.Code, failure.Parameters) is not { } sentence)
        {
            return failure.Message;
        }

        var all = failure.Parameters.Count == 0 ? failure.Code : $"{failure.Code}: {string.Join(", ", failure.Parameters)}";
        return ErrorSentences.Find(failure.Code, failure.Parameters) is { } sentence ? $"{sentence.TrimEnd()} ({all})" : all;
    }

    /// <summary>Whether the session has ended, so that the same call may go well in another.</summary>
    public static bool IsSessionGone(XenApiException failure) => failure.Code is "SESSION_INVALID" or "SESSION_NOT_REGISTERED";
}
