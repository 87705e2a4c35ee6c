namespace Redoubt.Pool;

/// <summary>The behaviour of one message.</summary>
/// <param name="Message">The message's full name, for example <c>VM.start</c>.</param>
/// <param name="AnswerAsync">Takes who calls and the decoded arguments; gives the answer, the empty text if the message has none.</param>
public sealed record MessageHandler(string Message, Func<CallContext, object?[], Task<object?>> AnswerAsync);
