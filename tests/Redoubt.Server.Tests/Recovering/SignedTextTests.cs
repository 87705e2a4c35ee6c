using System.Buffers.Text;
using System.Text;
using Redoubt.Database.Journal;
using Redoubt.Desk;

namespace Redoubt.Server.Tests.Recovering;

public sealed class SignedTextTests : IDisposable
{
    private const string Pool = "00000000-0000-4000-8000-000000000001";

    private static readonly string Html = "<p>Grüße</p>\n" + string.Concat(Enumerable.Range(0, 400).Select(i => $"<p>line {i}</p>\n"));
    private static readonly string Json = "{\n  \"lines\": [" + string.Join(", ", Enumerable.Range(0, 700)) + "]\n}\n";

    private readonly VolumeKey _key = VolumeKey.Create();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_signed_is_genuine_by_the_fingerprint_of_its_key_alone(bool isJson)
    {
        var signed = Signed(isJson);
        Assert.Equal(new SignedTextCheck.Genuine(Pool, _key.Fingerprint), SignedText.Check(signed, _key.Fingerprint));
        using var other = VolumeKey.Create();
        Assert.Contains("another key", Refusal(signed, other.Fingerprint), StringComparison.Ordinal);
    }

    [Fact]
    public void JSON_stays_JSON()
    {
        using var read = System.Text.Json.JsonDocument.Parse(Signed(isJson: true));
        Assert.Equal(700, read.RootElement.GetProperty("lines").GetArrayLength());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_single_byte_that_is_changed_is_noticed(bool isJson)
    {
        var signed = Signed(isJson);
        for (var at = 0; at < signed.Length; at++)
        {
            var tampered = (byte[])signed.Clone();
            tampered[at] ^= 1;
            Assert.True(
                SignedText.Check(tampered, _key.Fingerprint) is SignedTextCheck.Refused, $"byte {at} of {signed.Length} may be changed");
        }
    }

    [Fact]
    public void Where_it_was_changed_is_said()
    {
        var signed = Signed(isJson: false);
        signed[2100] ^= 1;
        Assert.Contains("from byte 2048 (line ", Refusal(signed), StringComparison.Ordinal);
        signed = Signed(isJson: false);
        Assert.Contains("The text has ", Refusal([.. signed[..3000], (byte)'x', .. signed[3000..]]), StringComparison.Ordinal);
        Assert.Contains("The text has ", Refusal([.. signed[..3000], .. signed[3100..]]), StringComparison.Ordinal);
        Assert.Contains("no signature", Refusal(signed[..^40]), StringComparison.Ordinal);
        Assert.Contains("no signature", Refusal([.. signed, (byte)'\n']), StringComparison.Ordinal);
        Assert.Contains("no signature", Refusal([]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_seal_of_one_text_holds_for_no_other_and_another_key_makes_none()
    {
        using var other = VolumeKey.Create();
        var (mine, theirs) = (Signed(isJson: false), SignedText.Sign("<p>All is well.</p>\n", false, Pool, other));
        var seal = Encoding.UTF8.GetString(mine)[Html.Length..];
        Assert.Contains("not what was signed", Refusal(Encoding.UTF8.GetBytes("<p>All is well.</p>\n" + seal)), StringComparison.Ordinal);
        var named = theirs.Replace(
            Base64Url.EncodeToString(other.PublicKey.Span), Base64Url.EncodeToString(_key.PublicKey.Span), StringComparison.Ordinal);
        Assert.Contains("has not signed it", Refusal(Encoding.UTF8.GetBytes(named)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pool_signs_its_reports_with_the_key_that_it_shows()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var planned = await scene.PlanAsync(scene.Failover());
        var run = (await scene.Target.CallAsync("recovery.start", planned.Request.ToJson(), planned.Digest)).GetString()!;
        await scene.EndedAsync(run);
        var own = (await scene.Target.CallAsync("pool.get_all"))[0].GetString();
        var shown = (await scene.Target.CallAsync("pool.get_other_config", own)).GetProperty("dr-metadata-key").GetString()!;
        foreach (var format in new[] { "html", "markdown", "json" })
        {
            var report = (await scene.Target.CallAsync("recovery.get_report", run, format)).GetString()!;
            Assert.IsType<SignedTextCheck.Genuine>(SignedText.Check(Encoding.UTF8.GetBytes(report), shown));
        }
    }

    public void Dispose() => _key.Dispose();

    private byte[] Signed(bool isJson) => Encoding.UTF8.GetBytes(SignedText.Sign(isJson ? Json : Html, isJson, Pool, _key));

    private string Refusal(byte[] content, string? fingerprint = null) =>
        Assert.IsType<SignedTextCheck.Refused>(SignedText.Check(content, fingerprint ?? _key.Fingerprint)).Why;
}
