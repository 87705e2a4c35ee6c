using System.Collections.Frozen;

namespace Redoubt.Pool;

/// <summary>The behaviour behind each message: what the methods marked with <see cref="MessageAttribute"/> answer.</summary>
/// <param name="answering">The objects with such methods; no two answer the same message.</param>
public sealed class MessageTable(params IEnumerable<IMessageHandlers> answering)
{
    private readonly FrozenDictionary<string, Func<CallContext, object?[], Task<object?>>> _handlers = answering
        .SelectMany(a => a.Handlers)
        .ToFrozenDictionary(h => h.Message, h => h.AnswerAsync);

    /// <summary>The messages with behaviour of their own.</summary>
    public IEnumerable<string> Names => _handlers.Keys;

    /// <summary>The behaviour of a message, or null if it has none of its own.</summary>
    public Func<CallContext, object?[], Task<object?>>? Find(string fullName) => _handlers.GetValueOrDefault(fullName);
}
