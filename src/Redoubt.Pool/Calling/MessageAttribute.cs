namespace Redoubt.Pool;

/// <summary>Marks a method as the behaviour of a message. Its parameters after the context are the message's, in the data model's types.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MessageAttribute(string name) : Attribute
{
    /// <summary>The message's full name, for example <c>VM.start</c>.</summary>
    public string Name { get; } = name;
}
