using System.Diagnostics.Metrics;

namespace Redoubt.Storage;

/// <summary>
/// A driver of whose work, and that of its SRs, is counted how often it is done, how long it takes and what it fails with; see <see
/// cref="SrCounting"/>.
/// </summary>
/// <param name="driver">The driver.</param>
/// <param name="meter">What it is counted in.</param>
/// <param name="time">The clock.</param>
public sealed class CountedSrDriver(ISrDriver driver, Meter meter, TimeProvider time) : ISrDriver
{
    private readonly SrCounting _counting = new(SrCounting.In(meter), driver.Type, null, time);

    /// <inheritdoc/>
    public string Type => driver.Type;

    /// <inheritdoc/>
    public string Description => driver.Description;

    /// <inheritdoc/>
    public IReadOnlyList<string> RequiredDeviceConfig => driver.RequiredDeviceConfig;

    /// <inheritdoc/>
    public SrFeatures Features => driver.Features;

    /// <inheritdoc/>
    public Task<IReadOnlyList<ProbedSr>> ProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        _counting.CountAsync("sr-probe", () => driver.ProbeAsync(deviceConfig, cancellationToken));

    /// <inheritdoc/>
    public Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        _counting.CountAsync("sr-create", () => SrLooks.DoneAsync(driver.CreateAsync(uuid, deviceConfig, cancellationToken)));

    /// <inheritdoc/>
    public async Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken) =>
        new CountedSr(
            await _counting.CountAsync("sr-attach", () => driver.AttachAsync(uuid, deviceConfig, access, cancellationToken)),
            _counting.Of(uuid));

    /// <inheritdoc/>
    public Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        _counting.CountAsync("sr-destroy", () => SrLooks.DoneAsync(driver.DestroyAsync(uuid, deviceConfig, cancellationToken)));
}
