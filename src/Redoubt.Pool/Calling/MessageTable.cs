using System.Collections.Frozen;
using System.Reflection;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The behaviour behind each message: the methods marked with <see cref="MessageAttribute"/>, bound once at start. A method whose
/// parameters or answer are not those of the data model stops the start.
/// </summary>
public sealed class MessageTable
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly FrozenDictionary<string, Func<CallContext, object?[], Task<object?>>> handlers;

    /// <summary>Binds the marked methods of these objects.</summary>
    /// <exception cref="InvalidOperationException">A method does not fit its message.</exception>
    public MessageTable(params IEnumerable<object> calls) => handlers = calls
        .SelectMany(c => c.GetType().GetMethods(Own).Select(m => (Target: c, Method: m)))
        .Select(p => (p.Target, p.Method, p.Method.GetCustomAttribute<MessageAttribute>()?.Name))
        .Where(p => p.Name is not null)
        .ToFrozenDictionary(p => p.Name!, p => Bind(p.Name!, p.Target, p.Method));

    /// <summary>The messages with behaviour of their own.</summary>
    public IEnumerable<string> Names => handlers.Keys;

    /// <summary>The behaviour of a message, or null if it has none of its own.</summary>
    public Func<CallContext, object?[], Task<object?>>? Find(string fullName) => handlers.GetValueOrDefault(fullName);

    private static Func<CallContext, object?[], Task<object?>> Bind(string name, object target, MethodInfo method)
    {
        var (_, message) = DataModel.FindMessage(name) ?? throw new InvalidOperationException($"The data model has no message {name}.");
        var expected = message.Parameters.Select(p => p.Type.ClrType).Prepend(typeof(CallContext));
        if (!method.GetParameters().Select(p => p.ParameterType).SequenceEqual(expected))
        {
            throw new InvalidOperationException($"{name} takes ({string.Join(", ", expected.Select(t => t.Name))}), its method does not.");
        }

        var invoker = MethodInvoker.Create(method);
        object? Invoke(CallContext call, object?[] arguments)
        {
            try
            {
                return invoker.Invoke(target, new Span<object?>([call, .. arguments]));
            }
            catch (TargetInvocationException wrapped) when (wrapped.InnerException is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(wrapped.InnerException);
                throw;
            }
        }

        var answer = method.ReturnType;
        if (answer == typeof(void) || answer == typeof(Task))
        {
            RequireAnswer(name, message, typeof(string), isVoid: true);
            return async (call, arguments) =>
            {
                if (Invoke(call, arguments) is Task task)
                {
                    await task;
                }

                return "";
            };
        }

        var inner = answer.IsGenericType && answer.GetGenericTypeDefinition() == typeof(Task<>) ? answer.GetGenericArguments()[0] : null;
        RequireAnswer(name, message, inner ?? answer, isVoid: false);
        if (inner is null)
        {
            return (call, arguments) => Task.FromResult(Invoke(call, arguments));
        }

        var unwrap = typeof(MessageTable).GetMethod(nameof(UnwrapAsync), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(inner)
            .CreateDelegate<Func<Task, Task<object?>>>();
        return (call, arguments) => unwrap((Task)Invoke(call, arguments)!);
    }

    private static void RequireAnswer(string name, MessageModel message, Type actual, bool isVoid)
    {
        if (message.Result.ClrType != actual || isVoid != (message.Result == XenTypes.Void))
        {
            throw new InvalidOperationException($"{name} answers {message.Result}, its method does not.");
        }
    }

    private static async Task<object?> UnwrapAsync<T>(Task task) => await (Task<T>)task;
}
