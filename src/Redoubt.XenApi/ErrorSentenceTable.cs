namespace Redoubt.XenApi;

/// <summary>One line for each error code: the code, a space, its sentences.</summary>
internal static class ErrorSentenceTable
{
    public const string Text = """
        AUTH_ALREADY_ENABLED Logging in with a directory's users is on already: {1}. Switch that off first (pool-disable-external-auth).
        AUTH_ENABLE_FAILED The directory can't be used: {0} Nothing was changed. Check its address, certificate and account.
        AUTH_IS_DISABLED Logging in with a directory's users is off. Switch it on first (pool-enable-external-auth).
        AUTH_SERVICE_ERROR The directory does not answer as it should: {0} Check that it is up, then repeat the command.
        AUTH_UNKNOWN_TYPE There are no directories of the type {0} here; use LDAP.
        AUTH_UNKNOWN_USER The pool does not know this user. Check the name, or use another account.
        BACKEND_ERROR The storage or hypervisor below failed: {0}. The daemon's log has the details.
        BOOTLOADER_FAILED VM {0:VM} can't boot: {1}
        CANNOT_CONTACT_HOST Host {0:host} does not answer. Check that it is up and reachable, then repeat the command.
        CANNOT_DESTROY_DISASTER_RECOVERY_TASK The recovery task could not be ended: {0}. Detach its storage by hand (pbd-unplug, sr-forget) and try again.
        CANNOT_EVACUATE_HOST VMs run on the host that no other can take: {0}. Shut them down (see host-get-vms-which-prevent-evacuation).
        CANNOT_ENABLE_REDO_LOG Protection of the SR could not be switched on: {0}. Nothing is replicated to it yet.
        CHANGE_PASSWORD_REJECTED The password was not changed. {0}
        COULD_NOT_IMPORT_DATABASE The metadata on that disk could not be read: {0}. Nothing was written to it.
        DEFAULT_SR_NOT_FOUND The pool has no default SR. Name the one to use, or choose a default one (pool-param-set default-SR=).
        DEVICE_ALREADY_ATTACHED The device is attached already.
        DEVICE_ALREADY_DETACHED The device is detached already.
        DEVICE_ALREADY_EXISTS The VM has a device {0} already. Choose another number, or autodetect.
        DEVICE_DETACH_REJECTED The guest does not let the device go: {2}
        DEVICE_DETACH_TIMEOUT The guest has not let the device go in time, and has it still. It may do so later, or when it restarts.
        DEVICE_NOT_ATTACHED The device is not attached.
        DOMAIN_EXISTS VM {0:VM} runs already, though its record does not say so. Look at the host before you start it again.
        DR_PLAN_BLOCKED The plan is blocked: {0}. Deal with what dr-plan names, or have its fixes applied (resolve=), and start again.
        DR_PLAN_CHANGED Since you looked the plan has changed: {0}. Nothing was started. Look at it again.
        DR_APPROVAL_NEEDED To {1} needs a second person: have somebody say dr-approve id={0}, then do it again.
        DR_APPROVAL_OWN The request {0} is {1}'s own, and needs another person than whoever asked. Have somebody else approve it.
        DR_APPROVAL_UNKNOWN No request {0} waits: it was decided, has run out, or never was. dr-approval-list shows those there are.
        DR_PLAN_EXISTS There is a plan named {0} already. Remove it first (dr-plan-remove), or choose another name.
        DR_PLAN_UNKNOWN There is no plan named {0}. dr-plan-list shows those there are.
        DR_RUN_REFUSED {0}
        DR_RUN_UNKNOWN There is no run with the UUID {0}. dr-run-list shows those there are.
        DR_SCHEDULE_EXISTS There is a schedule named {0} already. Remove it first (dr-schedule-remove), or choose another name.
        DR_SCHEDULE_UNKNOWN There is no schedule named {0}. dr-schedule-list shows those there are.
        DR_SITE_EXISTS There is a site named {0} already. Remove it first (dr-site-remove), or choose another name.
        DR_SITE_UNKNOWN There is no site named {0}. dr-site-list shows those there are; dr-site-add adds one.
        DR_SITE_UNREACHABLE Site {0} can't be used: {1}
        DUPLICATE_MAC_SEED The VM's MAC address seed {0} is used by another VM.
        DUPLICATE_VM Another VM has the identity of {0:VM}.
        EVENTS_LOST Too many events happened to keep them all. Start listening again from the beginning.
        EVENT_FROM_TOKEN_PARSE_FAILURE {0} is no token of event.from. Begin with an empty one.
        FIELD_TYPE_ERROR The field {0} was given a value of the wrong type.
        HANDLE_INVALID There is no {0} any more with the reference {1}; it may have been removed a moment ago.
        HOST_CANNOT_DESTROY_SELF Host {0:host} is the one that this daemon runs on, so it is not dead.
        HOST_DISABLED Host {0:host} takes no VMs at the moment. Enable it first.
        HOST_HAS_RESIDENT_VMS VMs run on host {0:host}. Shut them down first.
        HOST_IN_USE Host {0:host} is still in use by {1} {2}. Shut down what runs there first.
        HOST_IS_LIVE Host {0:host} is up. Only a host that is off, or cut off from its storage, can be taken for dead.
        HOST_IS_SLAVE This host is only a member of its pool. Talk to the coordinator at {0}.
        HOST_NOT_DISABLED The host is enabled. Disable it first (host-disable), so that no VM is started on it meanwhile.
        HOST_NOT_ENOUGH_FREE_MEMORY The host has too little free memory: {0} bytes are needed, {1} are free. Stop another VM, or give this one less memory.
        HOST_HYPERVISOR_LOST The VMs of host {0:host} can't be controlled: {1}
        HOST_OFFLINE Host {0:host} is off or does not answer.
        HOST_STILL_BOOTING The pool has no coordinator now, or this host can't reach it. Try again in a moment.
        HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED Not every host of the pool has the network {0:network}.
        HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED The SR {0:SR} is not shared by all hosts of the pool.
        IMPORT_ERROR The import failed: {0}.
        IMPORT_ERROR_PREMATURE_EOF The file ends too early. Copy or export it again. Nothing was imported.
        IMPORT_ERROR_SOME_CHECKSUMS_FAILED The file is damaged: its checksums differ. Nothing was imported; take another copy.
        IMPORT_ERROR_UNEXPECTED_FILE The archive has {1} where {0} was expected. Only archives of metadata are taken (vm-export metadata=true). Nothing was imported.
        IMPORT_INCOMPATIBLE_VERSION The file is in a newer form than this server knows. Import it with the version that wrote it, or a later one.
        INTERNAL_ERROR The server could not do it: {0}. Its log may say more.
        INVALID_DEVICE There is no device named {0}.
        INVALID_VALUE The value {1} can't be used for {0}.
        JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS The pool of this host has other hosts; it can't join another.
        JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS This host has shared SRs. Forget them first (sr-forget).
        JOINING_HOST_CANNOT_HAVE_RUNNING_VMS VMs run on this host. Shut them down first.
        JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS VMs of this host are being worked on. Join later.
        JOINING_HOST_CONNECTION_FAILED The coordinator does not answer there. Check address and port.
        LICENCE_RESTRICTION The server's licence does not include this: {0}.
        MAC_DOES_NOT_EXIST There is no interface with the MAC address {0}.
        MAC_INVALID {0} is no MAC address. Write it as aa:bb:cc:dd:ee:ff.
        MAC_STILL_EXISTS The MAC address {0} is in use. Choose another one, or leave it out.
        MAP_DUPLICATE_KEY The map {1} has the key {3} already.
        MEMORY_CONSTRAINT_VIOLATION The memory limits contradict each other. They must rise: static-min, dynamic-min, dynamic-max, static-max.
        MEMORY_CONSTRAINT_VIOLATION_ORDER The memory limits contradict each other: {0}.
        MESSAGE_METHOD_UNKNOWN The server has no call named {0}. It may be an older version, or another product.
        MESSAGE_PARAMETER_COUNT_MISMATCH {0} takes {1} parameters and was given {2}. The server may have another version of the API.
        NETWORK_CONTAINS_VIF The network still has virtual interfaces. Remove them first.
        NETWORK_INCOMPATIBLE_PURPOSES A pool has networks for {0} or for {1}, not both. Remove the purpose {1} first.
        NETWORK_NOT_MAPPED VM {0:VM} has an interface on the network "{2}" ({1}, bridge "{3}"), and nothing says which network here stands for it. Map it, or create a network of that name (network-create).
        NETWORK_CONTAINS_PIF The network still has physical interfaces.
        NO_HOSTS_AVAILABLE No host can run the VM. See whether every host is enabled, has the storage attached and has enough memory.
        NO_MORE_REDO_LOGS_ALLOWED The pool protects as many SRs as this server can. Switch protection off for another one first.
        NOT_IMPLEMENTED The server does not offer {0}.
        OBJECT_NOLONGER_EXISTS The object has been removed in the meantime.
        OPERATION_BLOCKED Somebody has blocked this operation on {0}: {1}. Take the block away (param-remove of blocked-operations) if it no longer holds.
        OPERATION_NOT_ALLOWED The server refuses this now: {0}
        OPERATION_PARTIALLY_FAILED {0} did only a part: at least one VM failed. Look at each VM's power state before you repeat it.
        OTHER_OPERATION_IN_PROGRESS The {0} {1} is busy with another operation. Wait for it to end (task-list), then repeat the command.
        PBD_EXISTS That host has a PBD for the SR already. Use it (pbd-list), or remove it first.
        POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION The pool runs another version than this host.
        RBAC_PERMISSION_DENIED Your role may not do {0}. Ask for a higher role, or log in as somebody who has it.
        ROLE_ALREADY_EXISTS The user has that role already.
        ROLE_NOT_FOUND There is no such role.
        SESSION_AUTHENTICATION_FAILED The user name or the password is wrong, or could not be checked ({1}).
        SESSION_INVALID The session has ended. Log in again.
        SESSION_NOT_REGISTERED The session does not listen to events.
        SR_ATTACH_FAILED SR {0:SR} could not be attached.
        SR_BACKEND_FAILURE The storage refused: {1} {2}
        SR_BACKEND_FAILURE_140 The storage server's name could not be resolved. Check the name and the DNS settings.
        SR_DEVICE_IN_USE SR {0:SR} is in use by another host or pool.
        SR_FULL The SR is full: {0} bytes are needed, {1} are free. Make room or choose another SR.
        SR_HAS_MULTIPLE_PBDS SR {0:SR} is attached to several hosts.
        SR_HAS_NO_PBDS SR {0:SR} is not attached to every host. Plug its PBDs (pbd-list sr-uuid=, pbd-plug) first.
        SR_HAS_PBD SR {0:SR} is still attached. Unplug its PBDs (pbd-list sr-uuid=, pbd-unplug) first.
        SR_INDESTRUCTIBLE SR {0:SR} is marked as not to be destroyed.
        SR_IS_CACHE_SR SR {0} is a cache; the operation makes no sense on it.
        SR_NOT_ATTACHED SR {0:SR} is not attached. Plug its PBD (pbd-plug) first.
        SR_NOT_EMPTY SR {0:SR} still holds disks. Destroy or move them first.
        SR_NOT_SHARABLE SR {0:SR} can't be attached to a second host.
        SR_OPERATION_NOT_SUPPORTED Storage of this kind can't do that (SR {0:SR}).
        SR_UNKNOWN_DRIVER There is no storage driver {0}. sm-list shows which there are.
        SR_UUID_EXISTS The pool has an SR with the UUID {0} already.
        SR_VDI_LOCKING_FAILED The disk is locked by another operation. Wait, then repeat the command.
        SUBJECT_ALREADY_EXISTS The pool has that user already.
        SUBJECT_CANNOT_BE_RESOLVED The directory knows no such user or group. Check the name as it is written there.
        TASK_CANCELLED The task was cancelled before it was done.
        TOO_MANY_PENDING_TASKS The server has too many tasks. Wait for some to end.
        UUID_ALREADY_EXISTS There is a {0} with the UUID {1} already. Leave the UUID out, or remove the other one first.
        UUID_INVALID There is no {0} with the UUID {1}. The matching -list command shows which there are.
        VALUE_NOT_SUPPORTED The value {1} of {0} is not supported: {2}
        VBD_CDS_MUST_BE_READONLY A CD can't be written: make the device read-only (mode=RO).
        VBD_IS_EMPTY The drive is empty.
        VBD_NOT_EMPTY The drive is not empty.
        VBD_NOT_REMOVABLE_MEDIA The device {0} holds a disk, which can't be taken out as a CD can: unplug it (vbd-unplug).
        VBD_NOT_UNPLUGGABLE The drive is not to be taken from a running VM (vbd-param-set unpluggable=true lets it).
        VBD_TRAY_LOCKED The guest holds on to what is in its CD drive. Have it let that go (umount, eject) first.
        VDI_CONTENT_DIFFERS Disks {0:VDI} and {1:VDI} differ from byte {2} on. If one is a copy of the other, copy it again.
        VDI_CONTENT_ID_MISSING The disk that this refers to is not named in the metadata. Recover the VM without it, or from another copy.
        VDI_HAS_RRDS The disk holds statistics and can't be used for this.
        VDI_INCOMPATIBLE_TYPE Disk {0:VDI} is of type {1}, which can't be used for this.
        VDI_IN_USE Disk {0:VDI} is in use. Stop the VM that uses it, or unplug its VBD (vbd-list vdi-uuid=).
        VDI_IS_A_PHYSICAL_DEVICE Disk {0:VDI} is a physical device.
        VDI_LOCATION_MISSING SR {0:SR} holds no disk {1}. Check that all of it was replicated, and scan it (sr-scan).
        VDI_MISSING Disk {1:VDI} is gone from SR {0:SR}. Look at the storage, then scan it again (sr-scan).
        VDI_NOT_AVAILABLE Disk {0:VDI} is not available.
        VDI_NOT_IN_MAP Disk {0:VDI} is not among those that are to be moved.
        VDI_NOT_MANAGED Disk {0:VDI} belongs to the storage itself.
        VDI_NO_CBT_METADATA Changed blocks of disk {0:VDI} are not tracked. Enable that (vdi-enable-cbt) and snapshot it again.
        VDI_READONLY Disk {0:VDI} is read-only.
        VDI_TOO_LARGE The disk would be too large: {0} bytes, of at most {1}.
        VDI_TOO_SMALL Disk {0:VDI} is too small; it must have at least {1} bytes.
        VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED VM {0:VM} was not kept. {1}
        VM_BAD_POWER_STATE VM {0:VM} must be {1} for this, but is {2}.
        VM_DUPLICATE_VBD_DEVICE Two drives of VM {0:VM} have the number {2}.
        VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT VM {0:VM} did not react to the request to shut down. Repeat with --force to switch it off.
        VM_HVM_REQUIRED VM {0:VM} needs hardware virtualisation, and the host has none.
        VM_IS_PART_OF_AN_APPLIANCE VM {0:VM} belongs to vApp {1:VM_appliance}. Recover the vApp as a whole (appliance-recover).
        VMSS_HAS_VM VMs have snapshots taken by this schedule. Take it from them first (vm-param-clear param-name=snapshot-schedule).
        VM_IS_TEMPLATE {0:VM} is a template. Clone it and use the clone.
        VM_LACKS_FEATURE VM {0:VM} has no guest agent that could do this. Use --force, or shut it down from within.
        VM_MAY_RUN_ELSEWHERE VM {0:VM} is not started, for site {1} (pool {3}) could be running it and can't be asked: {4}. Have that site answer. If its hosts are off, or cut off from storage and network, say so for this one start: vm-start uuid=... site-dead={1}
        VM_MEMORY_TARGET_WAIT_TIMEOUT The guest has not the memory yet that it was told to. It may lack a driver, or need it.
        VM_MEMORY_SIZE_TOO_LOW VM {0:VM} has too little memory.
        VM_MIGRATE_FAILED VM {0:VM} was not moved from host {1:host} to host {2:host}: {3}
        VM_NO_SUSPEND_SR The state of VM {0:VM} can be kept nowhere: it has no disk, and neither it nor the pool names an SR for that. Set suspend-SR-uuid of the VM, or default-SR of the pool.
        VM_NO_VCPUS VM {0:VM} has no virtual CPU.
        VM_RECOVERED_ELSEWHERE VM {0:VM} was recovered by the pool {2} ({1}), whose copy has version {3} and is newer than the one here. Start it there; or bring it home by recovering it from that pool's metadata; or, if that copy is given up and switched off for good, say so and take it back (vm-take-back statement=...).
        VM_REQUIRES_NETWORK VM {0:VM} needs network {1:network}, which its host does not have.
        VM_REQUIRES_SR VM {0:VM} needs SR {1:SR}, which is not attached here. Attach its storage first (sr-probe, drtask-create, pbd-plug).
        VM_REQUIRES_VDI VM {0:VM} needs disk {1:VDI}, which is missing.
        VM_RUNS_ELSEWHERE VM {0:VM} is not started, for it runs at site {1} (pool {3}), or is just being started there. Shut one of them down before you start the other; to move it here, use dr-failback or a migration.
        VM_SHUTDOWN_TIMEOUT VM {0:VM} did not shut down within {1} seconds. Wait longer, or repeat with --force to switch it off.
        VM_TO_IMPORT_IS_NOT_NEWER_VERSION VM {0:VM} exists here, and the copy on the storage is not newer ({1} here, {2} there). Repeat with --force if the copy is to replace it.
        VMS_FAILED_TO_COOPERATE These VMs did not give memory back: {0:VM}.
        VTPM_MAX_AMOUNT_REACHED The VM has a virtual TPM already, and can have one only. Take that from it first (vtpm-destroy), with all that it keeps.
        XEN_INCOMPATIBLE The hypervisor is not of the kind that is needed.
        XENAPI_MISSING_PLUGIN This server has no plug-in named {0}. The programs that XenServer keeps on its hosts are not there.
        XENAPI_PLUGIN_FAILURE A plug-in of the server failed: {2}
        """;
}
