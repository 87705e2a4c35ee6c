using System.Text.Json;
using System.Text.Json.Serialization;
using Redoubt.Compute;
using Redoubt.Pool;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>
/// How the host that coordinates a pool has another do something (docs/formats/agreement.md): a request for each call, its arguments as
/// JSON, answered in lines of which the last says what came of it. As long as a call goes on there is a line each second, so whoever waits
/// knows the other end from one that is cut off.
/// </summary>
internal static class MemberWire
{
    /// <summary>Below which the calls lie: <c>/members/host/TARGET/METHOD</c>.</summary>
    public const string Path = "/members/host/";

    /// <summary>What the greeting is asked at.</summary>
    public const string Greeting = "greet";

    /// <summary>What a guest's screen or serial port is asked at, and the line on which it moves to another host.</summary>
    public const string Line = "line";

    /// <summary>A guest's screen.</summary>
    public const string Screen = "screen";

    /// <summary>A guest's serial port.</summary>
    public const string Serial = "serial";

    /// <summary>The line on which a guest leaves the host.</summary>
    public const string Leaving = "leaving";

    /// <summary>The line on which a guest comes to the host.</summary>
    public const string Arriving = "arriving";

    /// <summary>The header with the session that a greeting has begun.</summary>
    public const string Session = "X-Redoubt-Session";

    /// <summary>
    /// The name that whoever connects asks for in TLS. Under it a member shows its certificate among the hosts, and demands one.
    /// </summary>
    public const string ServerName = "host.redoubt.internal";

    /// <summary>After how long a line comes at the latest.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <summary>After how long without one the other end is taken for lost.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>How values are spelled.</summary>
    public static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary>Whom a call is for.</summary>
    public static readonly (string Name, Type Type)[] Targets =
        [("hypervisor", typeof(IHypervisor)), ("storage", typeof(IHostStorageActs)), ("agent", typeof(IHostAgent)), ("sr", typeof(ISr))];

    /// <summary>One line of an answer. Nothing in it: the call goes on.</summary>
    public sealed record AnswerLine
    {
        /// <summary>How far it is, from 0 to 1.</summary>
        public double? Part { get; init; }

        /// <summary>One of several results.</summary>
        public JsonElement? Item { get; init; }

        /// <summary>It is done.</summary>
        public bool IsDone { get; init; }

        /// <summary>With what result, if it has one.</summary>
        public JsonElement? Result { get; init; }

        /// <summary>It failed.</summary>
        public Failure? Failed { get; init; }
    }

    /// <summary>What a call failed with: of one kind of exception, what makes it up.</summary>
    public sealed record Failure
    {
        /// <summary>XenAPI's code and parameters.</summary>
        public IReadOnlyList<string>? Code { get; init; }

        /// <summary>The hypervisor's case, subject, problem and advice.</summary>
        public HypervisorFailure? Case { get; init; }

        public string Subject { get; init; } = "";

        public string Advice { get; init; } = "";

        public long? NeededBytes { get; init; }

        public long? AvailableBytes { get; init; }

        /// <summary>A file that is not there.</summary>
        public bool IsAbsence { get; init; }

        /// <summary>What is wrong, in words.</summary>
        public string Problem { get; init; } = "";

        /// <summary>Spells an exception.</summary>
        public static Failure Of(Exception e) => e switch
        {
            XenApiException refused => new() { Code = [refused.Code, .. refused.Parameters] },
            HypervisorException refused => new()
            {
                Case = refused.Failure,
                Subject = refused.Subject,
                Problem = refused.Problem,
                Advice = refused.Advice,
                NeededBytes = refused.NeededBytes,
                AvailableBytes = refused.AvailableBytes,
            },
            _ => new() { Problem = e.Message, IsAbsence = e is FileNotFoundException or DirectoryNotFoundException },
        };

        /// <summary>The exception, as it was there.</summary>
        public Exception ToException() => this switch
        {
            { Code: [var code, ..] all } => new XenApiException(code, [.. all.Skip(1)]),
            { Case: { } failure } => new HypervisorException(failure, Subject, Problem, Advice)
            {
                NeededBytes = NeededBytes,
                AvailableBytes = AvailableBytes,
            },
            { IsAbsence: true } => new FileNotFoundException(Problem),
            _ => new IOException(Problem),
        };
    }

    /// <summary>What a member says of itself to whom it is greeted by.</summary>
    public sealed record Greeted
    {
        public required Guid Session { get; init; }

        public required string DataDirectory { get; init; }

        public required bool KeepsTpms { get; init; }

        public required HypervisorFacts Facts { get; init; }

        public required IReadOnlyList<Guid> Silent { get; init; }

        public required IReadOnlyDictionary<Guid, int> Strays { get; init; }

        public required int OpenQuestionLimit { get; init; }

        public required IReadOnlyList<string> Bridges { get; init; }
    }
}
