using Redoubt.Storage.LvmDriver;

namespace Redoubt.Storage.Tests.Lvm;

[Collection(LvmCollection.Name)]
[Trait("Needs", "lab")]
public sealed class LvmSrDriverConformance : SrDriverConformance
{
    private readonly TempDirectory _temp = new();
    private readonly LvmSrDriver _driver;

    public LvmSrDriverConformance() => _driver = new(Sample.Images, _temp.In("scratch"), null, TimeProvider.System);

    protected override ISrDriver Driver => _driver;

    protected override int FailureWithoutConfig => 90;

    protected override bool HoldsSeveral => false;

    public override async ValueTask InitializeAsync()
    {
        LvmGuest.Require();
        await LvmGuest.ClearAsync();
        await base.InitializeAsync();
    }

    protected override IReadOnlyDictionary<string, string> Config(int number = 0) => LvmGuest.Config(number);

    public override async ValueTask DisposeAsync()
    {
        if (Sr is not null)
            await base.DisposeAsync();
        _temp.Dispose();
        GC.SuppressFinalize(this);
    }
}
