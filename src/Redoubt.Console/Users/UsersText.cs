using Redoubt.XenApi;

namespace Redoubt.Console.Users;

/// <summary>The words about users and their roles.</summary>
internal static class UsersText
{
    private static readonly Words Words = new(typeof(UsersText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string Search => Words["Search"];
    public static string Count(int shown, int all) => Words.Of("Count", shown, all);
    public static string NoUsers => Words["NoUsers"];
    public static string NoUsersText => Words["NoUsersText"];
    public static string Local => Words["Local"];
    public static string Directory => Words["Directory"];
    public static string NoRole => Words["NoRole"];
    public static string RoleOf(string name) => Words.Of("RoleOf", name);
    public static string RoleSet(string name, string role) => Words.Of("RoleSet", name, role);
    public static string You => Words["You"];
    public static string OwnRoleTitle => Words["OwnRoleTitle"];
    public static string OwnRoleText => Words["OwnRoleText"];
    public static string OwnRole => Words["OwnRole"];
    public static string Password => Words["Password"];
    public static string NewPassword(string name) => Words.Of("NewPassword", name);
    public static string PasswordSet(string name) => Words.Of("PasswordSet", name);
    public static string PasswordMissing => Words["PasswordMissing"];
    public static string Remove => Words["Remove"];
    public static string RemoveTitle => Words["RemoveTitle"];
    public static string RemoveText(string name) => Words.Of("RemoveText", name);
    public static string Removed(string name) => Words.Of("Removed", name);
    public static string AddTitle => Words["AddTitle"];
    public static string AddText => Words["AddText"];
    public static string Name => Words["Name"];
    public static string NameMissing => Words["NameMissing"];
    public static string FirstPassword => Words["FirstPassword"];
    public static string Role => Words["Role"];
    public static string Make => Words["Make"];
    public static string Made(string name) => Words.Of("Made", name);
    public static string Roles => Words["Roles"];

    public static string Column(UserColumn column) => column switch
    {
        UserColumn.Name => Words["Column_Name"],
        UserColumn.Kind => Words["Column_Kind"],
        UserColumn.Role => Words["Column_Role"],
    };

    public static string May(string role) => RoleNames.Parse(role) switch
    {
        Redoubt.XenApi.Role.PoolAdmin => Words["MayPoolAdmin"],
        Redoubt.XenApi.Role.PoolOperator => Words["MayPoolOperator"],
        Redoubt.XenApi.Role.VmPowerAdmin => Words["MayVmPowerAdmin"],
        Redoubt.XenApi.Role.VmAdmin => Words["MayVmAdmin"],
        Redoubt.XenApi.Role.VmOperator => Words["MayVmOperator"],
        _ => Words["MayReadOnly"],
    };
}
