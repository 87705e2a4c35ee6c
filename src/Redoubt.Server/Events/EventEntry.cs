using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>One change of one object.</summary>
/// <param name="Sequence">Its number; those of one transaction share one.</param>
/// <param name="Class">The object's class.</param>
/// <param name="Ref">The object.</param>
/// <param name="Operation">What happened to it.</param>
internal readonly record struct EventEntry(long Sequence, ClassModel Class, string Ref, EventOperation Operation);
