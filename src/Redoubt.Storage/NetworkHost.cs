namespace Redoubt.Storage;

/// <summary>A server of a disk.</summary>
/// <param name="Name">Its name or address.</param>
/// <param name="Port">Its port.</param>
public sealed record NetworkHost(string Name, int Port);
