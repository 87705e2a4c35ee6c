namespace Redoubt.Storage.Mounted;

/// <summary>What is mounted in this process's view of the machine, as the kernel says it.</summary>
internal static class MountTable
{
    /// <summary>Where the kernel says it.</summary>
    internal const string Path = "/proc/self/mountinfo";

    /// <summary>What is mounted on a directory now: of several, one over the other, the last.</summary>
    public static MountedFileSystem? Find(string directory) => Read(File.ReadAllText(Path), directory);

    /// <summary>The same in a text of the kernel's form.</summary>
    internal static MountedFileSystem? Read(string table, string directory)
    {
        MountedFileSystem? found = null;
        foreach (var line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/source rw
            var words = line.Split(' ');
            var dash = Array.IndexOf(words, "-");
            if (words.Length > 5 && dash > 5 && words.Length > dash + 3 && Unescape(words[4]) == directory)
                found = new(words[dash + 1], Unescape(words[dash + 2]), Has(words[5], "ro") || Has(words[dash + 3], "ro"));
        }

        return found;
    }

    private static bool Has(string options, string option) => options.Split(',').Contains(option);

    // The kernel writes blanks, tabs, line ends and backslashes as three octal digits.
    private static string Unescape(string word)
    {
        var text = new System.Text.StringBuilder();
        for (var at = 0; at < word.Length; at++)
        {
            if (word[at] == '\\' && at + 3 < word.Length)
            {
                text.Append((char)Convert.ToInt32(word.Substring(at + 1, 3), 8));
                at += 3;
            }
            else
            {
                text.Append(word[at]);
            }
        }

        return text.ToString();
    }
}
