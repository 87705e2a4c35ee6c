using System.Text;

namespace Redoubt.Cli.Output;

/// <summary>Reads a line from the keyboard without showing it.</summary>
internal static class SecretLine
{
    public static string Read()
    {
        var line = new StringBuilder();
        while (true)
        {
            var key = System.Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter: return line.ToString();
                case ConsoleKey.Backspace when line.Length > 0: line.Length--; break;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        line.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
