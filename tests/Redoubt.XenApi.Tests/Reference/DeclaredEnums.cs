namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Every enum of the data model, those that no field has included.</summary>
internal static class DeclaredEnums
{
    public static IReadOnlyDictionary<string, IEnumType> All() => typeof(DataModel).Assembly.GetExportedTypes()
        .Select(type => type.GetProperty("Instance")?.GetValue(null))
        .OfType<IEnumType>()
        .ToDictionary(type => ((XenType)type).Name["enum ".Length..]);
}
