namespace Redoubt.Server.Tests;

public sealed class RoleTests(TestPool pool) : IClassFixture<TestPool>
{
    // The UUIDs that every genuine pool has.
    [Theory]
    [InlineData("pool-admin", "0165f154-ba3e-034e-6b27-5d271af109ba")]
    [InlineData("pool-operator", "b9ce9791-0604-50cd-0649-09b3284c7dfd")]
    [InlineData("vm-power-admin", "7955168d-7bec-10ed-105f-c6a7e6e63249")]
    [InlineData("vm-admin", "aaa00ab5-7340-bfbc-0d1b-7cf342639a6e")]
    [InlineData("vm-operator", "fb8d4ff9-310c-a959-0613-54101535d3d5")]
    [InlineData("read-only", "7233b8e3-eacb-d7da-2c95-f2e581cdbf4e")]
    public async Task Roles_have_the_references_of_genuine_pools(string name, string uuid)
    {
        var role = await pool.RoleAsync(name);
        Assert.Equal("OpaqueRef:" + uuid, role);
        Assert.Equal(uuid, (await pool.CallAsync("role.get_uuid", role)).GetString());
        Assert.Equal(role, (await pool.CallAsync("role.get_by_uuid", uuid)).GetString());
        Assert.False((await pool.CallAsync("role.get_is_internal", role)).GetBoolean());
    }

    [Fact]
    public async Task A_permission_tells_its_roles()
    {
        var names = new List<string?>();
        foreach (var role in (await pool.CallAsync("role.get_by_permission_name_label", "vm.start")).EnumerateArray())
        {
            names.Add((await pool.CallAsync("role.get_name_label", role.GetString())).GetString());
        }

        Assert.Equal(["pool-admin", "pool-operator", "vm-admin", "vm-operator", "vm-power-admin"], names.Order(StringComparer.Ordinal));
        var permission = await pool.RoleAsync("vm.start");
        Assert.Equal(5, (await pool.CallAsync("role.get_by_permission", permission)).GetArrayLength());
        Assert.Equal(permission, (await pool.CallAsync("role.get_permissions", permission))[0].GetString());
    }

    [Fact]
    public async Task A_role_tells_its_permissions()
    {
        var role = await pool.RoleAsync("read-only");
        var labels = (await pool.CallAsync("role.get_permissions_name_label", role)).EnumerateArray().Select(l => l.GetString()).ToList();
        Assert.Contains("vm.get_record", labels);
        Assert.DoesNotContain("vm.start", labels);
        Assert.Equal(labels.Count, (await pool.CallAsync("role.get_subroles", role)).GetArrayLength());
    }

    [Fact]
    public async Task A_single_permission_is_no_role_for_a_subject()
    {
        var subject = await pool.CreateUserAsync("ann", "vm-admin");
        Assert.Equal(["ROLE_NOT_FOUND"], await pool.FailureAsync("subject.add_to_roles", subject, await pool.RoleAsync("vm.start")));
        Assert.Equal(["ROLE_ALREADY_EXISTS"], await pool.FailureAsync("subject.add_to_roles", subject, await pool.RoleAsync("vm-admin")));
        Assert.Equal(["ROLE_NOT_FOUND"], await pool.FailureAsync("subject.remove_from_roles", subject, await pool.RoleAsync("read-only")));
        var labels = (await pool.CallAsync("subject.get_permissions_name_label", subject)).EnumerateArray()
            .Select(l => l.GetString()).ToList();
        Assert.Contains("vm.destroy", labels);
        Assert.DoesNotContain("sr.scan", labels);
    }

    [Fact]
    public async Task A_key_of_a_map_may_have_a_role_of_its_own()
    {
        await pool.CreateUserAsync("bob", "vm-operator");
        await pool.CreateUserAsync("cat", "pool-operator");
        var (operates, manages) = (await pool.LoginAsync("bob"), await pool.LoginAsync("cat"));
        var vm = (await pool.CallAsync("VM.get_all"))[0].GetString();
        await pool.ResultAsync("VM.add_to_other_config", operates, vm, "folder", "/mine");
        await pool.ResultAsync("VM.add_to_other_config", operates, vm, "XenCenter.CustomFields.owner", "bob");
        Assert.Equal("vm.add_to_other_config", (await pool.RawFailureAsync("VM.add_to_other_config", operates, vm, "else", "x"))[1]);
        await pool.ResultAsync("VM.add_to_other_config", manages, vm, "else", "x");
        Assert.Equal(
            ["RBAC_PERMISSION_DENIED", "vm.add_to_other_config/key:pci", "No permission in user session. (Roles with this "
                + "permission: pool-admin)"],
            await pool.RawFailureAsync("VM.add_to_other_config", manages, vm, "pci", "0/0000:00:1f.0"));
        await pool.ResultAsync("VM.remove_from_other_config", operates, vm, "folder");
    }
}
