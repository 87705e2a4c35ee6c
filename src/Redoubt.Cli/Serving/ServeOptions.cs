using System.Globalization;
using Redoubt.Cli.CommandLine;
using Redoubt.Compute;
using Redoubt.Server;
using Redoubt.Server.Notifying;
using Redoubt.Storage;

namespace Redoubt.Cli.Serving;

/// <summary>
/// Everything that an operator can say to a daemon: the one table that the command line, the configuration file and their help are made
/// from.
/// </summary>
internal static class ServeOptions
{
    public static readonly ServeOption Data = new("data", "DIR", "the directory where the pool lives; made if it is not there")
    {
        IsRequired = true,
        FindProblem = PathProblem,
        Example = "/var/lib/redoubt/data",
    };

    public static readonly ServeOption Listen = new(
        "listen", "URL",
        "where to listen: https://ADDRESS:PORT, or http://127.0.0.1:PORT; may be given several times, port 0 takes a free one")
    {
        IsRepeatable = true,
        IsRequired = true,
        FindProblem = ServeConfig.FindListenProblem,
        Example = "https://0.0.0.0:443",
    };

    public static readonly ServeOption NameLabel = new("name-label", "NAME", "the pool's name at its first start; the host's if left out")
    {
        Example = "primary",
    };

    public static readonly ServeOption RootPasswordFile = new(
        "root-password-file", "FILE", "a file with root's password; without it the first start makes one up and shows it once")
    {
        FindProblem = FileProblem,
        Example = "/etc/redoubt/root-password",
    };

    public static readonly ServeOption Hypervisor = new(
        "hypervisor", "LIBVIRT-URI", "the hypervisor of the pool's VMs; one of the daemon's own if left out")
    {
        FindProblem = HypervisorOptions.FindUriProblem,
        Example = "qemu:///system",
    };

    public static readonly ServeOption MemberPort = new(
        "member-port", "PORT",
        "the port by which the hosts of a pool of several agree; 2380 if left out, 0 takes a free one when the pool is begun or joined")
    {
        IsJudgedAtOnce = true,
        FindProblem = value => ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? null
            : $"'{value}' is no port; write a number up to 65535",
        Example = "2380",
    };

    public static readonly ServeOption NbdPort = new(
        "nbd-port", "PORT",
        "the port at which backup programs read disks over NBD, while a network has that purpose; 10809 if left out, 0 takes a free one")
    {
        IsJudgedAtOnce = true,
        FindProblem = MemberPort.FindProblem,
        Example = "10809",
    };

    public static readonly ServeOption BootRoot = new(
        "boot-root", "DIR",
        "where kernels and ramdisks of guests may lie; may be given several times, /boot/guest and /var/lib/xcp/guest if left out")
    {
        IsRepeatable = true,
        FindProblem = PathProblem,
        Example = "/boot/guest",
    };

    public static readonly ServeOption SrRoot = new(
        "sr-root", "PLACE",
        "where storage may lie: a directory, a device, or SERVER:/PATH of an NFS server; may be given several times, anywhere but the "
        + "system's and the daemon's directories if left out")
    {
        IsRepeatable = true,
        FindProblem = PlaceProblem,
        Example = "/srv/storage",
    };

    public static readonly ServeOption AdoptFrom = new(
        "adopt-from", "LIBVIRT-URI",
        "a libvirt of this host whose VMs may be adopted; may be given several times, qemu:///system if left out")
    {
        IsRepeatable = true,
        FindProblem = HypervisorOptions.FindLocalUriProblem,
        Example = "qemu:///system",
    };

    public static readonly ServeOption MetricsTokenFile = new(
        "metrics-token-file", "FILE", "a file with the token by which a collector may read /metrics; users of the pool may anyway")
    {
        FindProblem = FileProblem,
        Example = "/etc/redoubt/metrics-token",
    };

    public static readonly ServeOption Webhook = new(
        "webhook", "URL", "an address that gets each message as a signed request (docs: notifications); may be given several times")
    {
        IsRepeatable = true,
        Needs = "webhook-secret-file",
        IsJudgedAtOnce = true,
        FindProblem = NotifyConfig.FindWebhookProblem,
        Example = "https://chat.example.org/hook",
    };

    public static readonly ServeOption WebhookSecretFile = new(
        "webhook-secret-file", "FILE", "a file with the key that those requests are signed with")
    {
        FindProblem = FileProblem,
        Example = "/etc/redoubt/webhook-secret",
    };

    public static readonly ServeOption MailTo = new("mail-to", "ADDRESS", "who gets each message by mail; may be given several times")
    {
        IsRepeatable = true,
        Needs = "mail-server",
        IsJudgedAtOnce = true,
        FindProblem = NotifyConfig.FindMailProblem,
        Example = "operators@example.org",
    };

    public static readonly ServeOption MailFrom = new("mail-from", "ADDRESS", "who that mail is from")
    {
        IsJudgedAtOnce = true,
        FindProblem = NotifyConfig.FindMailProblem,
        Example = "redoubt@example.org",
    };

    public static readonly ServeOption MailServer = new(
        "mail-server", "HOST[:PORT]",
        "the server that takes that mail, by TLS (STARTTLS) unless it is this machine; port 587, or here 25, if left out")
    {
        Needs = "mail-from",
        IsJudgedAtOnce = true,
        FindProblem = NotifyConfig.FindHostProblem,
        Example = "mail.example.org:587",
    };

    public static readonly ServeOption MailLoginFile = new(
        "mail-login-file", "FILE", "a file with the name and the password for that server, on two lines")
    {
        FindProblem = FileProblem,
        Example = "/etc/redoubt/mail-login",
    };

    public static readonly ServeOption Syslog = new(
        "syslog", "HOST[:PORT]",
        "who gets each message as a line of syslog, over UDP, or the path of a local socket; may be given several times")
    {
        IsRepeatable = true,
        IsJudgedAtOnce = true,
        FindProblem = value => value.StartsWith('/') ? null : NotifyConfig.FindHostProblem(value),
        Example = "log.example.org:514",
    };

    public static readonly ServeOption NotifyPriority = new(
        "notify-priority", "NUMBER", "the least urgent priority that is sent to all of these: 1, what can't wait, to 5; 3 if left out")
    {
        IsJudgedAtOnce = true,
        FindProblem = value => value is ['1' or '2' or '3' or '4' or '5'] ? null : $"'{value}' is no priority; write a number from 1 to 5",
        Example = "3",
    };

    public static readonly ServeOption RestoreFrom = new(
        "restore-from", "PATH", "makes the database anew, when it is gone, from a metadata volume or the directory of an SR")
    {
        IsForOneStart = true,
        FindProblem = PathProblem,
    };

    public static readonly ServeOption NewPool = new("new-pool", null, "begins an empty pool though the directory shows that there was one")
    {
        IsForOneStart = true,
    };

    public static readonly ServeOption Without = new(
        "without", "FILE", "goes on without a file of the directory that is lost or damaged; may be given several times")
    {
        IsForOneStart = true,
        IsRepeatable = true,
    };

    /// <summary>All of them, in the order in which they are explained.</summary>
    public static IReadOnlyList<ServeOption> All { get; } =
        [
            Data, Listen, NameLabel, RootPasswordFile, Hypervisor, MemberPort, NbdPort, BootRoot, SrRoot, AdoptFrom, MetricsTokenFile,
            Webhook, WebhookSecretFile, MailTo, MailFrom, MailServer, MailLoginFile, Syslog, NotifyPriority, RestoreFrom, NewPool, Without,
        ];

    /// <summary>How they are written on a command line.</summary>
    public static string Usage => "redoubt serve [--config FILE] " + string.Join(' ', All.Select(Written));

    /// <summary>What each means.</summary>
    public static string Details
    {
        get
        {
            string[] lines =
            [
                Usage,
                "",
                "  --config FILE              takes the options from a file first; what is given here takes the place of what stands there",
                .. All.Select(o => $"  {$"--{o.Name} {o.Argument}",-26} {o.Meaning}"),
            ];
            return string.Join('\n', lines);
        }
    }

    /// <summary>The option of a name; null if there is none.</summary>
    public static ServeOption? Find(string name) => All.FirstOrDefault(o => o.Name == name);

    /// <summary>What somebody has said about an option: on the command line, or else in the file.</summary>
    public static IEnumerable<ServeSaying> In(IReadOnlyCollection<ServeSaying> sayings, ServeOption option)
    {
        var about = sayings.Where(s => s.Option == option).ToList();
        return about.Exists(s => s.Line is null) ? about.Where(s => s.Line is null) : about;
    }

    /// <summary>What is not said and must be, a clause each.</summary>
    public static IEnumerable<string> FindLacking(IReadOnlyCollection<ServeSaying> sayings) =>
    [
        .. All.Where(o => o.IsRequired && !In(sayings, o).Any()).Select(o => $"'{o.Name}' is missing: {o.Meaning}"),
        .. All.Where(o => o.Needs is { } other && In(sayings, o).Any() && !In(sayings, Find(other)!).Any())
            .Select(o => $"'{o.Name}' needs '{o.Needs}' as well: {Find(o.Needs!)!.Meaning}"),
    ];

    private static string Written(ServeOption option)
    {
        var word = option.Argument is null ? $"--{option.Name}" : $"--{option.Name} {option.Argument}{(option.IsRepeatable ? "…" : "")}";
        return option.IsRequired ? word : $"[{word}]";
    }

    private static string? PathProblem(string value) =>
        FileWords.IsImpossible(value) ? "needs the name of a file or directory" : null;

    private static string? PlaceProblem(string value) => HostRoots.IsShare(value) || Path.IsPathRooted(value)
        ? null
        : $"needs a whole path, beginning with /, or SERVER:/PATH, not '{value}'";

    private static string? FileProblem(string value) =>
        PathProblem(value) ?? (File.Exists(value) ? null : $"{value} is not there, or is no file");
}
