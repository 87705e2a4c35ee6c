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

        // Where the parameters are the sentence, once is enough.
        return $"{sentence.TrimEnd()} ({(failure.Parameters.Contains(sentence) ? failure.Code : failure.Message)})";
    }

    /// <summary>Whether the session has ended, so that the same call may go well in another.</summary>
    public static bool IsSessionGone(XenApiException failure) => failure.Code is "SESSION_INVALID" or "SESSION_NOT_REGISTERED";
}
