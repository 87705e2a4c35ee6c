using System.Collections.Frozen;

namespace Redoubt.Cli.Commands;

/// <summary>
/// What the help says of parameters: one line each, the same for every command, but for a line that begins with a command's name.
/// </summary>
internal static class ParameterHelp
{
    private const string Text = """
        accept-missing UUIDs of disks to go without, with commas between.
        accept-unplugged true: a VM counts as healthy though an interface of it is not plugged; it is warned of all the same.
        accept-volume UUIDs of metadata volumes to believe though nothing proves whose they are.
        acts What needs two persons: failover, migration, unprotect, with commas between; none for nothing.
        address Host name, address or https:// URL, with or without a port.
        answer What a run is told if it asks; without it you are asked.
        appliances vApps to recover: names or UUIDs, with commas between.
        at A generation or a time: plans with the metadata's state at or before it.
        config: What the directory needs to know, in its own words.
        copy: copy:VM-UUID=VOLUME-UUID: which copy to take where the facts can't decide; the value here means this pool's own.
        cron Five fields: minute, hour, day, month, day of the week. In UTC, or by the clocks of a place: CRON_TZ=Europe/Paris before them.
        database: database:vdi-uuid=UUID reads that disk's pool metadata, database:at= an earlier state of it, database:filename= a dump on the server.
        date Which backup, by the date that the list shows; the newest if left out.
        device-config: How the storage is reached, in its driver's words.
        diff A plan in JSON to compare with; prints the differences.
        dry-run true: says what would be done, and does nothing.
        file The file to write; standard output if left out.
        filename The file. Empty: standard output or input.
        follow true: shows how it goes on until it is over.
        force true: does it in spite of what would otherwise keep it from being done.
        format markdown, html, json, or pdf, which this machine's Chromium prints.
        from Whose plan, where several pools have one of that name: their volume, or the pool.
        health: health:VM=CHECK: delay, agent, tcp:PORT, tcp:HOST:PORT, console:TEXT or script:NAME.
        health-timeout Seconds that a VM may take until it is well.
        hook: hook:before-run=SCRIPT, after-run, before-tier-N, after-tier-N: scripts of the daemon's, several with commas between.
        hook-timeout Seconds that a script may take.
        id The request, as dr-approval-list shows it.
        interval hourly, daily, weekly or off.
        inventory-from Plans from facts that were kept in this file, without a server.
        inventory-to Keeps the facts that the plan is made from in this file.
        json true: prints JSON.
        keep true: the test's copies stay up until dr-test-cleanup removes them.
        kind failover (if left out), test, migration or failback.
        mode all, or sr for what lies on this SR.
        month The month, as 2026-11, in UTC.
        name Its name.
        network-map: network-map:THEIRS=OURS: which network here stands for which there, by name or UUID. For a test it is the test's map.
        new-name The name that it shall have.
        on-failure continue, stop or ask: what is done if a tier is not well.
        on-failure: on-failure:N=: the same for tier N alone.
        order: order:VM=N: another tier than recorded, by name or UUID.
        own true: leaves the plans of other pools out.
        parallel-starts How many VMs start at once.
        passphrase-file A file with the passphrase on its first line; without it you are asked.
        password-file A file with the password on its first line; without it you are asked.
        plan A saved plan; what else is given counts more.
        power-state start, paused or halted: what the VMs do afterwards.
        real-network-map: real-network-map:THEIRS=OURS: the map of everything but tests, whatever the kind.
        recipient Who the export is for; operator if left out.
        resolve Codes of findings, with commas between, or all: those whose automatic fix is applied as first steps, and undone with the run.
        role The role: pool-admin, pool-operator, vm-power-admin, vm-admin, vm-operator or read-only.
        source The source pool: an address (with source-pwf), or a site that the daemon knows.
        source-dead Pools of which you state that no host of theirs runs any of these VMs, now or when it comes back; true where there is only one.
        source-pwf A file with the source pool's user on its first line and the password on its second.
        rpo-target Seconds that the state may be old which a disaster leaves behind; none for no target.
        rto-target Seconds that it may take from the decision until everything is where it is wanted; none for no target.
        sr-uuid The SR.
        sr-whitelist UUIDs of the SRs to attach, with commas between; all or none are attached.
        stale-after Seconds from which metadata are called stale.
        statement Your statement, in words; it is kept in a message.
        storage-map: storage-map:THEIRS=OURS: which SR here stands for which there, by UUID.
        tags VMs with one of these tags, with commas between.
        target A site to recover into, in the place of the daemon's own pool.
        test true: says of each whether it answers.
        test-network-map: test-network-map:THEIRS=OURS: a test's map, whatever the kind.
        type The kind of storage (sm-list shows them).
        user The user; root if left out.
        uuid Its UUID.
        vdi-uuid The disk that holds the backups, where the SR has several; the newest of the pool's own if left out.
        vms VMs to recover: names or UUIDs, with commas between. Without vms, appliances and tags: all that are not here already.
        wait false: starts it and returns, without showing how it goes.
        yes true: does it without asking.
        dr-plan sr-uuid SRs to look at, with commas between; every attached one if left out.
        dr-plan-list json true: prints JSON.
        dr-plan-save sr-uuid SRs to look at, with commas between; every attached one if left out.
        dr-plan-save keep true: a test with this plan stays up until dr-test-cleanup removes its copies.
        dr-target-set appliance The vApp: its name or UUID.
        dr-target-set vm The VM: its name or UUID.
        dr-run-answer answer What the run is told.
        dr-schedule-create plan The saved plan that is tested.
        dr-schedule-create name The schedule's name; the plan's if left out.
        dr-test sr-uuid SRs to look at, with commas between; every attached one if left out.
        dr-failover sr-uuid SRs to look at, with commas between; every attached one if left out.
        dr-migrate sr-uuid SRs to look at, with commas between; every attached one if left out.
        dr-failback sr-uuid SRs to look at, with commas between; every attached one if left out.
        vm-import sr-uuid Where the disks are to lie; the pool's default SR if left out. With metadata=true the disks are where they are.
        vm-export compress true or gzip: with gzip; zstd: with zstd.
        metadata-backup-create keep How many backups stay; older ones go.
        metadata-backup-schedule keep How many backups stay; older ones go.
        """;

    private static readonly FrozenDictionary<string, string> Lines = Text.Split('\n').Select(Split)
        .ToFrozenDictionary(l => l.Key, l => l.Value);

    /// <summary>What is said of a command's parameter; null if nothing is.</summary>
    public static string? Find(string command, string parameter) =>
        Lines.GetValueOrDefault($"{command} {parameter}") ?? Lines.GetValueOrDefault(parameter);

    // A word of small letters after the first one belongs to the key; an explanation begins with a capital, a code word or the parameter
    // again.
    private static KeyValuePair<string, string> Split(string line)
    {
        var words = line.Split(' ', 3);
        return CommandTable.Own.Any(c => c.Name == words[0])
            ? new($"{words[0]} {words[1]}", words[2])
            : new(words[0], line[(words[0].Length + 1)..]);
    }
}
