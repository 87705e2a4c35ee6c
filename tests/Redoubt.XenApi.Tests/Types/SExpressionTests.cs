using FsCheck;
using FsCheck.Fluent;

namespace Redoubt.XenApi.Tests.Types;

public sealed class SExpressionTests
{
    [Fact]
    public void Sets_round_trip() => Prop.ForAll<NonNull<string>[]>(s =>
        SExpression.TryReadList(
            SExpression.WriteList(s.Select(i => i.Get)))!.SequenceEqual(s.Select(i => i.Get))).QuickCheckThrowOnFailure();

    [Fact]
    public void Maps_round_trip() => Prop.ForAll<Tuple<NonNull<string>, NonNull<string>>[]>(pairs =>
    {
        var map = pairs.Select(p => KeyValuePair.Create(p.Item1.Get, p.Item2.Get)).ToList();
        return SExpression.TryReadPairs(SExpression.WritePairs(map))!.SequenceEqual(map);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("()")]
    [InlineData("('a' 'b c')", "a", "b c")]
    [InlineData("(\"a\" 'it\\'s' \"say \\\"x\\\"\")", "a", "it's", "say \"x\"")]
    [InlineData(" ( 'a' ; a comment ')\n 'b' ) ; end", "a", "b")]
    [InlineData("('a''b\\\\\\n')", "a", "b\\n")]
    public void Sets_of_every_form_are_read(string text, params string[] elements) => Assert.Equal(elements, SExpression.TryReadList(text));

    [Theory]
    [InlineData("")]
    [InlineData("(")]
    [InlineData("('a")]
    [InlineData("('a\\")]
    [InlineData("(a)")]
    [InlineData("(('a'))")]
    [InlineData("('a') x")]
    public void What_is_no_set_is_refused(string text) => Assert.Null(SExpression.TryReadList(text));

    [Theory]
    [InlineData("('a' 'b')")]
    [InlineData("(('a'))")]
    [InlineData("(('a' 'b' 'c'))")]
    [InlineData("((('a') 'b'))")]
    public void What_is_no_map_is_refused(string text) => Assert.Null(SExpression.TryReadPairs(text));

    [Fact]
    public void Depth_without_end_is_refused_without_recursion() => Assert.Null(SExpression.TryReadPairs(new string('(', 1_000_000)));
}
