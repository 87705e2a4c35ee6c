namespace Redoubt.XenApi;

/// <summary>One parameter of a message.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
public sealed record ParameterModel(string Name, XenType Type);
