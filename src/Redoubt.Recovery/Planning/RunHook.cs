namespace Redoubt.Recovery;

/// <summary>A script that is run between steps.</summary>
/// <param name="Script">Its file name in the directory for hooks.</param>
/// <param name="Moment">When.</param>
/// <param name="Order">The tier, where the moment is about one.</param>
public sealed record RunHook(string Script, HookMoment Moment, long? Order = null);
