using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Compute;

/// <summary>An open file that QEMU is handed, since it may open none of that name itself.</summary>
internal static class LentFile
{
    /// <summary>Lends QEMU a file for as long as something is asked of it; what it opens of it then it keeps.</summary>
    /// <param name="ask">Asks QEMU: a command of QMP, its arguments, and a file that goes with it.</param>
    /// <param name="file">The file.</param>
    /// <param name="use">Asks for something to be done with it, by the name that QEMU knows it by.</param>
    internal static void Use(Func<string, JsonObject, SafeFileHandle?, JsonNode?> ask, SafeFileHandle file, Action<string> use)
    {
        var set = (int)ask("add-fd", [], file)!["fdset-id"]!;
        try
        {
            use($"/dev/fdset/{set}");
        }
        finally
        {
            ask("remove-fd", new JsonObject { ["fdset-id"] = set }, null);
        }
    }
}
