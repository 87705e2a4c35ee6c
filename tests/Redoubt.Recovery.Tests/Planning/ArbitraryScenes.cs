using FsCheck;
using FsCheck.Fluent;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Planning;

/// <summary>Scenes of some VMs in which things are broken at random; a seed makes one, so that a failure names it.</summary>
internal static class ArbitraryScenes
{
    public static void Hold(Action<int> claim, int tries = 150) =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(tries).WithQuietOnSuccess(true),
            Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), claim));

    public static Scene Make(int seed)
    {
        var random = new Random(seed);
        var scene = new Scene();
        var appliances = Enumerable.Range(0, random.Next(3)).Select(i => scene.AddAppliance($"app{i}")).ToList();
        for (var i = random.Next(1, 7); i > 0; i--)
        {
            var appliance = appliances.Count > 0 && random.Next(2) == 0 ? appliances[random.Next(appliances.Count)].Uuid : "";
            var vm = scene.AddVm($"vm{i}", random.Next(3), appliance, v => v with
            {
                Version = random.Next(2),
                PowerState = (VmPowerState)random.Next(4),
                Tags = random.Next(2) == 0 ? ["gold"] : [],
                StartDelaySeconds = random.Next(100) switch { < 96 and var delay => delay, < 98 => long.MaxValue, _ => long.MinValue },
                LastRecordedAt = random.Next(3) == 0 ? null : Scene.Now.AddMinutes(-random.Next(9)),
            });
            if (random.Next(4) == 0)
            {
                scene.AddHere(vm, (VmPowerState)random.Next(4), random.Next(3));
            }
        }

        Damage(scene, random);
        scene.Policy = new()
        {
            Kind = (RecoveryKind)random.Next(4),
            IsSourceDead = random.Next(2) == 0,
            PowerState = (PowerStateAfter)random.Next(3),
            Chosen = random.Next(3) switch
            {
                0 => new() { Tags = ["gold"] },
                1 => new() { Vms = ["vm1", "vm2"], Appliances = ["app0"] },
                _ => new(),
            },
        };
        return scene;
    }

    /// <summary>The same facts in another order.</summary>
    public static Inventory Shuffled(Inventory inventory, int seed)
    {
        var random = new Random(seed);
        T[] Mix<T>(IEnumerable<T> items)
        {
            var array = items.ToArray();
            random.Shuffle(array);
            return array;
        }

        DatabaseFacts MixAll(DatabaseFacts d) => d with
        {
            Hosts = [.. Mix(d.Hosts)],
            Networks = [.. Mix(d.Networks)],
            Srs = [.. Mix(d.Srs)],
            Vdis = [.. Mix(d.Vdis)],
            Appliances = [.. Mix(d.Appliances)],
            Vms = [.. Mix(d.Vms.Select(v => v with { Vbds = [.. Mix(v.Vbds)], Vifs = [.. Mix(v.Vifs)] }))],
        };
        return inventory with
        {
            Target = inventory.Target with { Database = MixAll(inventory.Target.Database) },
            Volumes = [.. Mix(inventory.Volumes.Select(v => v with { Database = v.Database is null ? null : MixAll(v.Database) }))],
            Storage = [.. Mix(inventory.Storage)],
            OtherPools = [.. Mix(inventory.OtherPools)],
        };
    }

    private static void Damage(Scene scene, Random random)
    {
        if (random.Next(3) == 0)
        {
            scene.AddVolume(
                d => d with { Vms = [.. d.Vms.Where(_ => random.Next(2) == 0).Select(v => v with { Version = random.Next(2) })] },
                isLatest: random.Next(2) == 0);
        }

        if (random.Next(3) == 0)
        {
            scene.AddVolume(d => d with { Pool = Scene.OtherPool, Vms = [.. d.Vms.Where(_ => random.Next(2) == 0)] });
        }

        if (random.Next(3) == 0)
        {
            scene.AddLiveSource((VmPowerState)random.Next(3));
        }

        if (random.Next(4) == 0)
        {
            scene.Target = scene.Target with { Vdis = [.. scene.Target.Vdis.Where(_ => random.Next(3) > 0)] };
        }

        if (random.Next(6) == 0)
        {
            scene.Target = scene.Target with { Srs = [], Vdis = [] };
        }

        if (random.Next(5) == 0)
        {
            scene.Target = scene.Target with { Networks = [] };
        }
    }
}
