namespace Redoubt.Server.Tests.Golden;

/// <summary>All ways in which our answers differ from xapi's. The reasons stand in <c>docs/formats/api-differences.md</c>.</summary>
internal static class Differences
{
    public static readonly Difference[] All =
    [
        new("header date: present for none"),
        new("$.result.valid_ref_counts.diagnostics: missing", "json_eventfrom", "json_eventfrombadclass"),
        new("$.Value.valid_ref_counts.diagnostics: missing", "xml_eventfrom", "xml_eventfrombadclass"),
        new("status: HTTP/1.1 500 Internal Error for HTTP/1.0 500 Internal Error", "http10"),
        new("body: <html><body><h1>HTTP 500 internal server error</h1>*", "http10"),
    ];
}
