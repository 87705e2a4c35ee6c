namespace Redoubt.XenApi;

/// <summary>An enum, whatever its .NET type.</summary>
public interface IEnumType
{
    /// <summary>The names of its values.</summary>
    IReadOnlyList<string> Values { get; }
}
