namespace Redoubt.Storage.Tests.Lvm;

/// <summary>What the guest has in which tests run that need a device mapper: few machines that build this have one.</summary>
internal static class LvmGuest
{
    /// <summary>The variable that says which block devices there are, apart from each other by commas.</summary>
    public const string DevicesVariable = "REDOUBT_TEST_LVM";

    public static string[] Devices => Environment.GetEnvironmentVariable(DevicesVariable)?.Split(',') ?? [];

    public static void Require() => Assert.SkipUnless(Devices.Length >= 2, $"{nameof(LabGuestTests)} runs this in a guest.");

    public static Dictionary<string, string> Config(int number) => new() { ["device"] = Devices[number] };

    /// <summary>Makes the devices empty again.</summary>
    public static async Task ClearAsync()
    {
        foreach (var device in Devices)
            await Mounted.LoopDisk.RunAsync("blkdiscard", "-z", "-l", "8388608", device);
    }
}
