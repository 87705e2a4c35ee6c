using System.Reflection;

namespace Redoubt.XenApi.Tests.Client;

/// <summary>What clients send messages with is what the data model declares.</summary>
public sealed class SentMessageTests
{
    public static TheoryData<string> Classes => [.. DataModel.Classes.Values.Where(c => c.Messages.Count > 0).Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Classes))]
    public void Every_message_of_a_class_is_sent_by_a_method_of_its_types(string name)
    {
        var model = DataModel.Classes[name];
        var client = typeof(XenApiClient).Assembly.GetTypes().Single(t => t.IsValueType && Spelled(t.Name, name + "Client"));
        var methods = client.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly);
        Assert.Equal(model.Messages.Count, methods.Length);
        Assert.All(model.Messages.Values, message =>
        {
            var method = Assert.Single(methods, m => Spelled(m.Name, message.Name + "Async"));
            Assert.Equal(
                [.. message.Parameters.Select(p => p.Type.ClrType), typeof(CancellationToken)],
                method.GetParameters().Select(p => p.ParameterType));
            var answer = message.Result == XenTypes.Void ? typeof(Task)
                : typeof(Task<>).MakeGenericType(message.Result == XenTypes.RecordMap ? typeof(RecordTable) : message.Result.ClrType);
            Assert.Equal(answer, method.ReturnType);
        });
    }

    private static bool Spelled(string type, string wire) =>
        string.Equals(type, wire.Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
}
