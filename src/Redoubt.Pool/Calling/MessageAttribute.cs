namespace Redoubt.Pool;

/// <summary>
/// Marks a method of a partial class as the behaviour of a message. Its parameters after the context and its answer are the message's, in
/// the data model's types; another one does not compile.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MessageAttribute(string name) : Attribute
{
    /// <summary>The message's full name, for example <c>VM.start</c>.</summary>
    public string Name { get; } = name;
}
