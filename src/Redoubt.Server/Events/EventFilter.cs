using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>What a client wants to hear of: everything (<c>*</c>), classes (<c>vm</c>), single objects (<c>vm/OpaqueRef:…</c>).</summary>
internal sealed class EventFilter
{
    private readonly bool _everything;
    private readonly HashSet<string> _classes = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<(string Class, string Ref)> _objects = [];
    private readonly Role _role;

    public EventFilter(IEnumerable<string> wanted, Role role)
    {
        _role = role;
        foreach (var word in wanted)
        {
            var slash = word.IndexOf('/', StringComparison.Ordinal);
            if (word == "*")
            {
                _everything = true;
            }
            else if (slash < 0)
            {
                _classes.Add(word);
            }
            else
            {
                _objects.Add((word[..slash].ToLowerInvariant(), word[(slash + 1)..]));
            }
        }
    }

    /// <summary>Whether any object of the class may be wanted.</summary>
    public bool Takes(ClassModel model) => IsShown(model)
        && (_everything || _classes.Contains(model.Name)
            || _objects.Any(o => o.Class.Equals(model.Name, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether the object is wanted.</summary>
    public bool Takes(ClassModel model, string reference) => IsShown(model)
        && (_everything || _classes.Contains(model.Name) || _objects.Contains((model.Name.ToLowerInvariant(), reference)));

    // What can't be listed is not told of either: a session's reference is all that is needed to act in its name.
    private bool IsShown(ClassModel model) =>
        model.Kind != ClassKind.Value && model.Messages.ContainsKey("get_all") && model.Roles.Get.Allows(_role);
}
