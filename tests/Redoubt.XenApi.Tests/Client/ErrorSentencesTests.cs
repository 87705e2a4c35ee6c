using System.Text.RegularExpressions;
using Redoubt.XenApi.Tests.Tidy;

namespace Redoubt.XenApi.Tests.Client;

public sealed partial class ErrorSentencesTests
{
    [GeneratedRegex("""(?:XenApiException|\bnew)\((?:\w+,)?\s*"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?=")""")]
    private static partial Regex Raised { get; }

    [Fact]
    public void Parameters_and_names_are_filled_in() => Assert.Equal(
        "VM web needs SR OpaqueRef:2, which is not attached here. Attach its storage first (sr-probe, drtask-create, pbd-plug).",
        ErrorSentences.Find("VM_REQUIRES_SR", ["OpaqueRef:1", "OpaqueRef:2"], (c, _) => c == "VM" ? "web" : null));

    [Fact]
    public void A_missing_parameter_is_said_to_be_unknown() =>
        Assert.Equal(
            "The server has no call named (unknown). It may be an older version, or another product.",
            ErrorSentences.Find("MESSAGE_METHOD_UNKNOWN", []));

    [Fact]
    public void A_code_without_a_sentence_has_none() => Assert.Null(ErrorSentences.Find("NEVER_HEARD_OF", []));

    [Fact]
    public void Objects_are_listed_for_their_names() =>
        Assert.Equal([("VM", "a"), ("SR", "b")], ErrorSentences.ObjectsIn("VM_REQUIRES_SR", ["a", "b"]));

    [Fact]
    public void Every_code_that_is_raised_has_a_sentence()
    {
        var raised = SourceFiles.Below("src", ".cs").SelectMany(f => Raised.Matches(SourceFiles.Read(f))).Select(m => m.Groups[1].Value)
            .Where(c => !c.StartsWith("SR_BACKEND_FAILURE_", StringComparison.Ordinal)).ToHashSet();
        Assert.Contains("VM_BAD_POWER_STATE", raised);
        Assert.Empty(raised.Except(ErrorSentences.Codes).Order());
    }

    [Fact]
    public void Every_sentence_can_be_filled_and_names_classes_that_exist()
    {
        foreach (var code in ErrorSentences.Codes)
        {
            var sentence = ErrorSentences.Find(code, ["0", "1", "2", "3"], (c, r) =>
            {
                Assert.Contains(c, DataModel.Classes);
                return r;
            });
            Assert.DoesNotContain('{', sentence!);
        }
    }
}
