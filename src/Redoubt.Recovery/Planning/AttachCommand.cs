namespace Redoubt.Recovery;

/// <summary>The command that attaches storage for a recovery.</summary>
internal static class AttachCommand
{
    public static string Write(string type, IReadOnlyDictionary<string, string> deviceConfig, string srUuids) =>
        $"redoubt drtask-create type={type} {DeviceConfigs.AsParameters(deviceConfig)} sr-whitelist={srUuids}";
}
