namespace Redoubt.Server.Tests;

/// <summary>Users of a pool, made over the wire as the command line makes them.</summary>
internal static class UserScene
{
    public const string Secret = "blue-kettle-secret";

    /// <summary>Makes a user; the reference of their subject.</summary>
    public static async Task<string> CreateUserAsync(this TestPool pool, string name, string? role)
    {
        var subject = (await pool.CallAsync("subject.create", Record(name))).GetString()!;
        await pool.CallAsync("subject.set_password", subject, Secret);
        if (role is not null)
        {
            await pool.CallAsync("subject.add_to_roles", subject, await pool.RoleAsync(role));
        }

        return subject;
    }

    public static async Task<string> LoginAsync(this TestPool pool, string name) =>
        (await pool.ResultAsync("session.login_with_password", name, Secret, "1.0", "tests")).GetString()!;

    public static async Task<string> RoleAsync(this TestPool pool, string name) =>
        (await pool.CallAsync("role.get_by_name_label", name))[0].GetString()!;

    public static Dictionary<string, object> Record(string name) => new()
    {
        ["subject_identifier"] = "local:" + name,
        ["other_config"] = new Dictionary<string, string> { ["subject-name"] = name },
    };
}
