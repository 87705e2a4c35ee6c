using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>A class as the commands know it: <c>vm-list</c> shows those VMs that are no templates.</summary>
/// <param name="Prefix">What its commands begin with.</param>
/// <param name="ClassName">The class on the wire.</param>
/// <param name="Listed">The fields that a list shows; empty for all.</param>
/// <param name="Filter">What holds for every object that these commands list.</param>
internal sealed record XeClass(
    string Prefix, string ClassName, IReadOnlyList<string> Listed, IReadOnlyList<KeyValuePair<string, string>> Filter)
{
    private IReadOnlyList<XeField>? fields;

    public ClassModel Model => DataModel.Classes[ClassName];

    /// <summary>All fields, in the order in which they are printed.</summary>
    public IReadOnlyList<XeField> Fields => fields ??= FieldTables.Read(this);

    public XeField? Find(string name) => Fields.FirstOrDefault(f => f.Name == name);
}
