using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>
/// The classes that have <c>-list</c> and <c>-param-*</c> commands. The table has those of xe, with the fields that xe lists; every
/// other class of the data model that can list its objects gets commands by rule.
/// </summary>
internal static class XeClasses
{
    // prefix, class, "/" and a filter where only a part is meant, ":" and the listed fields.
    private const string Table = """
        vm VM /is-a-template=false : uuid name-label power-state
        template VM /is-a-template=true /is-a-snapshot=false : uuid name-label name-description
        snapshot VM /is-a-snapshot=true : uuid name-label name-description is-vmss-snapshot
        appliance VM_appliance :
        drtask DR_task :
        sr SR : uuid name-label name-description host type content-type
        pbd PBD : uuid host-uuid sr-uuid device-config currently-attached
        vdi VDI : uuid name-label name-description virtual-size read-only sharable sr-uuid
        vbd VBD : uuid vm-uuid vm-name-label vdi-uuid device empty
        vif VIF : uuid device vm-uuid network-uuid
        network network : uuid name-label name-description bridge
        pool pool : uuid name-label name-description master default-SR
        host host : uuid name-label name-description
        task task : uuid name-label name-description status progress
        message message :
        console console : uuid vm-uuid vm-name-label protocol location
        sm SM : uuid type name-label name-description vendor copyright configuration
        pif PIF : uuid device VLAN MAC network-uuid currently-attached host-uuid
        bond Bond : uuid master slaves
        vlan VLAN : uuid tagged-PIF untagged-PIF tag
        tunnel tunnel : uuid transport-PIF access-PIF status
        host-cpu host_cpu : uuid number vendor speed utilisation
        host-crashdump host_crashdump : uuid timestamp size
        patch pool_patch : uuid name-label name-description size
        update pool_update : uuid name-label name-description version installation-size
        subject subject : uuid subject-identifier other-config roles
        role role /is-level=true : uuid name description
        secret secret :
        vmss VMSS : uuid name-label name-description enabled type retained-snapshots frequency schedule last-run-time VMs
        pgpu PGPU : uuid gpu-group-uuid
        gpu-group GPU_group : uuid name-label name-description
        vgpu VGPU : uuid vm-uuid device gpu-group-uuid
        vgpu-type VGPU_type : uuid vendor-name model-name max-resolution max-heads
        pvs-site PVS_site : uuid name-label name-description pvs-uuid pvs-server-uuids
        pvs-server PVS_server : uuid addresses pvs-site-uuid
        pvs-proxy PVS_proxy : uuid vif-uuid pvs-site-uuid currently-attached
        pvs-cache-storage PVS_cache_storage : uuid host-uuid sr-uuid pvs-site-uuid size
        feature Feature : uuid name-label name-description enabled experimental version host-uuid
        sdn-controller SDN_controller : uuid protocol address port
        pusb PUSB : uuid path product-id product-desc vendor-id vendor-desc serial version description speed
        usb-group USB_group : uuid name-label name-description
        vusb VUSB : uuid vm-uuid usb-group-uuid
        network-sriov network_sriov : uuid requires-reboot
        cluster Cluster : uuid cluster-hosts cluster-token cluster-stack allowed-operations current-operations pool-auto-join cluster-config other-config
        cluster-host Cluster_host : uuid cluster host enabled allowed-operations current-operations other-config
        certificate Certificate : uuid type name host not-before not-after fingerprint
        repository Repository : uuid name-label name-description binary-url source-url update hash gpgkey-path
        vtpm VTPM : uuid vm-uuid
        observer Observer : uuid name-label name-description host-uuids endpoints enabled
        pci PCI : uuid vendor-name device-name pci-id
        """;

    private static readonly Dictionary<string, XeClass> Known = Table.Split('\n').Select(Parse).ToDictionary(c => c.Prefix);

    private static readonly Lazy<Dictionary<string, XeClass>> Derived = new(Derive);

    /// <summary>All classes, those of xe first.</summary>
    public static IEnumerable<XeClass> All => Known.Values.Concat(Derived.Value.Values);

    /// <summary>The class whose commands begin with this, or null. Loads the whole data model only for a class that xe lacks.</summary>
    public static XeClass? Find(string prefix) => Known.GetValueOrDefault(prefix) ?? Derived.Value.GetValueOrDefault(prefix);

    private static XeClass Parse(string line)
    {
        var sides = line.Split(':');
        var left = sides[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new(
            left[0],
            left[1],
            sides[1].Split(' ', StringSplitOptions.RemoveEmptyEntries),
            [.. left[2..].Select(f => f[1..].Split('=')).Select(f => KeyValuePair.Create(f[0], f[1]))]);
    }

    private static Dictionary<string, XeClass> Derive()
    {
        var taken = Known.Values.Select(c => c.ClassName).ToHashSet();
        return DataModel.Classes.Values
            .Where(c => c.Messages.ContainsKey("get_all_records") && !taken.Contains(c.Name))
            .OrderBy(c => c.Name, StringComparer.Ordinal)
            .Select(c => new XeClass(c.Name.ToLowerInvariant().Replace('_', '-'), c.Name, [], []))
            .ToDictionary(c => c.Prefix);
    }
}
