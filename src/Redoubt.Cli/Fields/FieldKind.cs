namespace Redoubt.Cli.Fields;

/// <summary>How a field is shown and filtered.</summary>
internal enum FieldKind
{
    Scalar,
    Set,
    Map,
}
