namespace Redoubt.Tests;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The boot disk of the guests.</summary>
    public static string GuestImage
    {
        get
        {
            var image = Path.Combine(Root, "artifacts", "guest", "guest.qcow2");
            return File.Exists(image)
                ? image
                : throw new FileNotFoundException("The guests' image is missing; script/guest builds it.", image);
        }
    }

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Redoubt.slnx")))
        {
            folder = Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException("These tests were not built inside the repository.");
        }

        return folder;
    }
}
