namespace Redoubt.Pool;

/// <summary>
/// A class whose methods are the behaviour of messages. Its implementation is generated from <see cref="MessageAttribute"/>.
/// </summary>
public interface IMessageHandlers
{
    /// <summary>The behaviour of each message that it answers.</summary>
    IEnumerable<MessageHandler> Handlers { get; }
}
