namespace Redoubt.XenApi;

/// <summary>A type of references, whatever their class.</summary>
public interface IRefType
{
    /// <summary>The class they refer to.</summary>
    string ClassName { get; }
}
