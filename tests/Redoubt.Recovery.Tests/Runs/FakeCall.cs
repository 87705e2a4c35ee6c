using Redoubt.XenApi;
using Record = Redoubt.XenApi.Record;

namespace Redoubt.Recovery.Tests;

/// <summary>A call as the fake pool sees it.</summary>
/// <param name="Session">The session.</param>
/// <param name="Arguments">The arguments after the session.</param>
internal sealed record FakeCall(string Session, IReadOnlyList<WireValue> Arguments)
{
    public string Text(int index) => ((WireString)Arguments[index]).Value;

    public Ref<T> Ref<T>(int index)
        where T : Record, IRecord<T>, new() => new(Text(index));

    public bool Bool(int index) => ((WireBool)Arguments[index]).Value;

    public IReadOnlyDictionary<string, string> Map(int index) =>
        ((WireStruct)Arguments[index]).Members.ToDictionary(m => m.Key, m => ((WireString)m.Value).Value);

    public IReadOnlyList<string> Set(int index) => [.. ((WireArray)Arguments[index]).Items.Select(i => ((WireString)i).Value)];
}
