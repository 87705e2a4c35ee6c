namespace Redoubt.XenApi;

/// <summary>
/// A message as a client sends it and understands its answer; <c>Async.</c> before the name makes no difference to either.
/// </summary>
internal sealed class MessageCodec
{
    private const string AsyncPrefix = "Async.";

    private readonly string name;
    private readonly ClassModel? model;
    private readonly MessageModel? message;

    public MessageCodec(string name)
    {
        this.name = name;
        if (DataModel.FindMessage(name.StartsWith(AsyncPrefix, StringComparison.Ordinal) ? name[AsyncPrefix.Length..] : name) is { } found)
        {
            (model, message) = found;
        }
    }

    // A message we don't know may be one of a newer server, so it is sent; nearly all messages need a session.
    public bool NeedsSession => message?.NeedsSession ?? true;

    public void WriteArguments(IWireWriter writer, IReadOnlyList<object?> arguments)
    {
        if (message is null)
        {
            foreach (var argument in arguments)
            {
                ArgumentWriter.WriteUndeclared(writer, argument);
            }

            return;
        }

        if (arguments.Count != message.Parameters.Count)
        {
            throw new ArgumentException($"{name} takes {message.Parameters.Count} arguments, not {arguments.Count}.", nameof(arguments));
        }

        foreach (var (parameter, argument) in message.Parameters.Zip(arguments))
        {
            ArgumentWriter.Write(writer, parameter.Type, argument);
        }
    }

    /// <summary>The answer as the data model's type; as it came if the message is not declared.</summary>
    public object? Read(WireValue value) => message switch
    {
        null => value,
        { Result: var type } when type == XenTypes.RecordMap => ReadTable(value),
        { Result: var type } when type == XenTypes.Void => null,
        { Result: var type } => type.ReadAnswerObject(value),
    };

    private RecordTable ReadTable(WireValue value) =>
        new(model!, [.. value.AsStruct(name).Select(row => (row.Key, model!.FromAnswer(row.Value)))]);
}
