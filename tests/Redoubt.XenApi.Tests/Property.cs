using FsCheck;
using FsCheck.Fluent;

namespace Redoubt.XenApi.Tests;

/// <summary>Checks a claim for many arbitrary values; a failure shows the smallest value found and the seed.</summary>
internal static class Property
{
    public static void Holds<T>(Gen<T> values, Action<T> claim, int tries = 100) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(tries).WithQuietOnSuccess(true), Prop.ForAll(values.ToArbitrary(), claim));
}
