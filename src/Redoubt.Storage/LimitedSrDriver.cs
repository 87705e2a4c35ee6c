using System.Collections.Concurrent;
using Redoubt.XenApi;

namespace Redoubt.Storage;

/// <summary>A driver whose looks, and those of its SRs, have limits; see <see cref="LimitedSr"/>.</summary>
/// <param name="driver">The driver.</param>
/// <param name="time">The clock that limits are measured with.</param>
public sealed class LimitedSrDriver(ISrDriver driver, TimeProvider time) : ISrDriver
{
    private readonly ConcurrentDictionary<string, SrLooks> _looks = new();

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
        At(deviceConfig).RunAsync(() => driver.ProbeAsync(deviceConfig, cancellationToken), SrLooks.ScanLimit, null, cancellationToken);

    /// <inheritdoc/>
    public Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        At(deviceConfig).RunAsync(
            () => SrLooks.DoneAsync(driver.CreateAsync(uuid, deviceConfig, cancellationToken)), SrLooks.MakeLimit, null, cancellationToken);

    /// <inheritdoc/>
    public async Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken)
    {
        var sr = await At(deviceConfig).RunAsync(
            () => driver.AttachAsync(uuid, deviceConfig, access, cancellationToken),
            SrLooks.Limit,
            late => late.DetachAsync(CancellationToken.None),
            cancellationToken);
        return new LimitedSr(sr, Place(deviceConfig), time);
    }

    /// <inheritdoc/>
    public Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        At(deviceConfig).RunAsync(
            () => SrLooks.DoneAsync(driver.DestroyAsync(uuid, deviceConfig, cancellationToken)), SrLooks.ScanLimit, null,
            cancellationToken);

    // It stands in sentences, where no password and no key may.
    private static string Place(IReadOnlyDictionary<string, string> deviceConfig) => string.Join(
        ", ",
        deviceConfig.Where(c => !SecretFields.IsConnectionKey(c.Key)).OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Value));

    // By what leads there: an SR elsewhere, of the same driver, has nothing to do with it.
    private SrLooks At(IReadOnlyDictionary<string, string> deviceConfig) =>
        _looks.GetOrAdd(Place(deviceConfig), place => new SrLooks(place, time));
}
