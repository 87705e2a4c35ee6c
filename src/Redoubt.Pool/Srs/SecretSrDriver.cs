using Redoubt.Database;
using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>A driver that is told device configurations with the secrets that they name, which nobody else is.</summary>
/// <param name="driver">The driver.</param>
/// <param name="state">The database as it is.</param>
internal sealed class SecretSrDriver(ISrDriver driver, Func<DatabaseState> state) : ISrDriver
{
    public string Type => driver.Type;

    public string Description => driver.Description;

    public IReadOnlyList<string> RequiredDeviceConfig => driver.RequiredDeviceConfig;

    public SrFeatures Features => driver.Features;

    public Task<IReadOnlyList<ProbedSr>> ProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        driver.ProbeAsync(DeviceSecrets.Open(state(), deviceConfig), cancellationToken);

    public Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        driver.CreateAsync(uuid, DeviceSecrets.Open(state(), deviceConfig), cancellationToken);

    public Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken) =>
        driver.AttachAsync(uuid, DeviceSecrets.Open(state(), deviceConfig), access, cancellationToken);

    public Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        driver.DestroyAsync(uuid, DeviceSecrets.Open(state(), deviceConfig), cancellationToken);
}
