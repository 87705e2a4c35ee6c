namespace Redoubt.XenApi;

/// <summary>
/// One line for each error code: the code, what its parameters are called (a dash for none, a tilde for a blank), xe's words.
/// </summary>
internal static class XeErrorTable
{
    public const string Text = """
        AUTH_ALREADY_ENABLED current~auth_type,current~service_name External authentication for this server is already enabled.
        AUTH_ENABLE_FAILED message The host failed to enable external authentication.
        AUTH_IS_DISABLED - External authentication is disabled
        AUTH_SERVICE_ERROR message Error querying the external directory service.
        AUTH_UNKNOWN_TYPE type Unknown type of external authentication.
        BOOTLOADER_FAILED vm,msg The bootloader returned an error
        CANNOT_CONTACT_HOST host Cannot forward messages because the server cannot be contacted. The server may be switched off or there may be network connectivity problems.
        CANNOT_DESTROY_DISASTER_RECOVERY_TASK reason The disaster recovery task could not be cleanly destroyed.
        CANNOT_ENABLE_REDO_LOG reason Could not enable redo log.
        CHANGE_PASSWORD_REJECTED msg The system rejected the password change request; perhaps the new password was too short?
        COULD_NOT_IMPORT_DATABASE reason An error occurred while attempting to import a database from a metadata VDI
        DEFAULT_SR_NOT_FOUND sr The default SR reference does not point to a valid SR
        DEVICE_ALREADY_ATTACHED device The device is already attached to a VM
        DEVICE_ALREADY_DETACHED device The device is not currently attached
        DEVICE_ALREADY_EXISTS device A device with the name given already exists on the selected VM
        DEVICE_DETACH_REJECTED type,ref,msg The VM rejected the attempt to detach the device.
        DEVICE_DETACH_TIMEOUT type,ref A timeout happened while attempting to detach a device from a VM.
        DEVICE_NOT_ATTACHED VBD The operation could not be performed because the VBD was not connected to the VM.
        DOMAIN_EXISTS vm,domid The operation could not be performed because a domain still exists for the specified VM.
        DUPLICATE_MAC_SEED seed This MAC seed is already in use by a VM in the pool
        DUPLICATE_VM vm Cannot restore this VM because it would create a duplicate
        EVENTS_LOST - Some events have been lost from the queue and cannot be retrieved.
        EVENT_FROM_TOKEN_PARSE_FAILURE token The event.from token could not be parsed. Valid values include: '', and a value returned from a previous event.from call.
        FIELD_TYPE_ERROR field The value specified is of the wrong type
        HANDLE_INVALID class,handle You gave an invalid object reference. The object may have recently been deleted. The class parameter gives the type of reference given, and the handle parameter echoes the bad value given.
        HOST_DISABLED host The specified server is disabled.
        HOST_HAS_RESIDENT_VMS host This server cannot be forgotten because there are some user VMs still running.
        HOST_IS_SLAVE Master~IP~address You cannot make regular API calls directly on a supporter. Please pass API calls via the coordinator host.
        HOST_NOT_ENOUGH_FREE_MEMORY needed,available Not enough server memory is available to perform this operation.
        HOST_OFFLINE host You attempted an operation which involves a host which could not be contacted.
        HOST_STILL_BOOTING - The server toolstack is still initializing. Please wait.
        IMPORT_ERROR msg The VM could not be imported.
        IMPORT_ERROR_PREMATURE_EOF - The VM could not be imported; the end of the file was reached prematurely.
        IMPORT_ERROR_UNEXPECTED_FILE filename_expected,filename_found The VM could not be imported because the XVA file is invalid: an unexpected file was encountered.
        IMPORT_INCOMPATIBLE_VERSION - The import failed because this export has been created by a different (incompatible) product version
        INTERNAL_ERROR message The server failed to handle your request, due to an internal error. The given message may give details useful for debugging the problem.
        INVALID_DEVICE device The device name is invalid
        INVALID_VALUE field,value The value given is invalid
        JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS - The server joining the pool cannot already be a master of another pool.
        JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS - The server joining the pool cannot contain any shared storage.
        JOINING_HOST_CANNOT_HAVE_RUNNING_VMS - The server joining the pool cannot have any running VMs.
        JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS - The server joining the pool cannot have any VMs with active tasks.
        JOINING_HOST_CONNECTION_FAILED - There was an error connecting to the server while joining it in the pool.
        LICENCE_RESTRICTION feature This operation is not allowed because your license lacks a needed feature. Please contact your support representative.
        MAC_DOES_NOT_EXIST MAC The MAC address specified does not exist on this server.
        MAC_INVALID MAC The MAC address specified is not valid.
        MAC_STILL_EXISTS MAC The MAC address specified still exists on this server.
        MAP_DUPLICATE_KEY type,param_name,uuid,key You tried to add a key-value pair to a map, but that key is already there.
        MEMORY_CONSTRAINT_VIOLATION constraint The dynamic memory range does not satisfy the following constraint.
        MEMORY_CONSTRAINT_VIOLATION_ORDER - The dynamic memory range violates constraint static_min <= dynamic_min <= dynamic_max <= static_max.
        MESSAGE_METHOD_UNKNOWN method You tried to call a method that does not exist. The method name that you used is echoed.
        MESSAGE_PARAMETER_COUNT_MISMATCH method,expected,received You tried to call a method with the incorrect number of parameters. The fully-qualified method name that you used, and the number of received and expected parameters are returned.
        NETWORK_CONTAINS_PIF pifs The network contains active PIFs and cannot be deleted.
        NETWORK_CONTAINS_VIF vifs The network contains active VIFs and cannot be deleted.
        NETWORK_INCOMPATIBLE_PURPOSES new_purpose,conflicting_purpose You tried to add a purpose to a network but the new purpose is not compatible with an existing purpose of the network or other networks.
        NOT_IMPLEMENTED function The function is not implemented
        NO_HOSTS_AVAILABLE - There were no servers available to complete the specified operation.
        NO_MORE_REDO_LOGS_ALLOWED - The upper limit of active redo log instances was reached.
        OBJECT_NOLONGER_EXISTS - The specified object no longer exists.
        OPERATION_BLOCKED ref,code You attempted an operation that was explicitly blocked (see the blocked_operations field of the given object).
        OPERATION_NOT_ALLOWED reason You attempted an operation that was not allowed.
        OPERATION_PARTIALLY_FAILED operation Some VMs belonging to the appliance threw an exception while carrying out the specified operation
        OTHER_OPERATION_IN_PROGRESS class,object,operation_type,operation_ref Another operation involving the object is currently in progress
        PBD_EXISTS sr,host,pbd A PBD already exists connecting the SR to the server.
        POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION - The host joining the pool must have the same product version as the pool master.
        RBAC_PERMISSION_DENIED permission,message RBAC permission denied.
        ROLE_ALREADY_EXISTS - Role already exists.
        ROLE_NOT_FOUND - Role cannot be found.
        SESSION_AUTHENTICATION_FAILED - The credentials given by the user are incorrect, so access has been denied, and you have not been issued a session handle.
        SESSION_INVALID handle You gave an invalid session reference. It may have been invalidated by a server restart, or timed out. You should get a new session handle, using one of the session.login_ calls. This error does not invalidate the current connection. The handle parameter echoes the bad value given.
        SESSION_NOT_REGISTERED handle This session is not registered to receive events. You must call event.register before event.next. The session handle you are using is echoed.
        SR_ATTACH_FAILED sr Attaching this SR failed.
        SR_BACKEND_FAILURE status,stdout,stderr There was an SR backend failure.
        SR_DEVICE_IN_USE - The SR operation cannot be performed because a device underlying the SR is in use by the server.
        SR_FULL requested,maximum The SR is full. Requested new size exceeds the maximum size
        SR_HAS_MULTIPLE_PBDS PBD The SR.shared flag cannot be set to false while the SR remains connected to multiple servers.
        SR_HAS_NO_PBDS sr The SR has no attached PBDs
        SR_HAS_PBD sr The SR is still connected to a host via a PBD. It cannot be destroyed or forgotten.
        SR_INDESTRUCTIBLE sr The SR could not be destroyed because the 'indestructible' flag was set on it.
        SR_IS_CACHE_SR host The SR is currently being used as a local cache SR.
        SR_NOT_ATTACHED sr The SR is not attached.
        SR_NOT_EMPTY - The SR operation cannot be performed because the SR is not empty.
        SR_NOT_SHARABLE sr,host The PBD could not be plugged because the SR is in use by another host and is not marked as sharable.
        SR_OPERATION_NOT_SUPPORTED sr The SR backend does not support the operation (check the SR's allowed operations)
        SR_UNKNOWN_DRIVER driver The SR could not be connected because the driver was not recognised.
        SR_UUID_EXISTS uuid An SR with that uuid already exists.
        SR_VDI_LOCKING_FAILED - The operation could not proceed because necessary VDIs were already locked at the storage level.
        SUBJECT_ALREADY_EXISTS - Subject already exists.
        SUBJECT_CANNOT_BE_RESOLVED - Subject cannot be resolved by the external directory service.
        TASK_CANCELLED task The request was asynchronously canceled.
        TOO_MANY_PENDING_TASKS - The request was rejected because there are too many pending tasks on the server.
        UUID_INVALID type,uuid The uuid you supplied was invalid.
        VALUE_NOT_SUPPORTED field,value,reason You attempted to set a value that is not supported by this implementation. The fully-qualified field name and the value that you tried to set are returned. Also returned is a developer-only diagnostic reason.
        VBD_CDS_MUST_BE_READONLY - Read/write CDs are not supported
        VBD_IS_EMPTY vbd Operation could not be performed because the drive is empty
        VBD_NOT_EMPTY vbd Operation could not be performed because the drive is not empty
        VBD_NOT_REMOVABLE_MEDIA vbd Media could not be ejected because it is not removable
        VBD_NOT_UNPLUGGABLE vbd Drive could not be hot-unplugged because it is not marked as unpluggable
        VBD_TRAY_LOCKED vbd This VM has locked the DVD drive tray, so the disk cannot be ejected
        VDI_HAS_RRDS vdi The operation cannot be performed because this VDI has rrd stats
        VDI_INCOMPATIBLE_TYPE vdi,type This operation cannot be performed because the specified VDI is of an incompatible type (eg: an HA statefile cannot be attached to a guest)
        VDI_IN_USE vdi,operation This operation cannot be performed because this VDI is in use by some other operation
        VDI_IS_A_PHYSICAL_DEVICE vdi The operation cannot be performed on physical device
        VDI_LOCATION_MISSING sr,location This operation cannot be performed because the specified VDI could not be found in the specified SR
        VDI_MISSING sr,vdi This operation cannot be performed because the specified VDI could not be found on the storage substrate
        VDI_NOT_AVAILABLE vdi This operation cannot be performed because this VDI could not be properly attached to the VM.
        VDI_NOT_IN_MAP vdi This VDI was not mapped to a destination SR in VM.migrate_send operation
        VDI_NOT_MANAGED vdi This operation cannot be performed because the system does not manage this VDI
        VDI_NO_CBT_METADATA vdi The requested operation is not allowed because the specified VDI does not have changed block tracking metadata.
        VDI_READONLY vdi The operation required write access but this VDI is read-only
        VDI_TOO_LARGE vdi,maximum~size The VDI is too large.
        VDI_TOO_SMALL vdi,minimum~size The VDI is too small. Please resize it to at least the minimum size.
        VMS_FAILED_TO_COOPERATE - The given VMs failed to release memory when instructed to do so
        VM_BAD_POWER_STATE vm,expected,actual You attempted an operation on a VM that was not in an appropriate power state at the time; for example, you attempted to start a VM that was already running. The parameters returned are the VM's handle, and the expected and actual VM state at the time of the call.
        VM_CRASHED vm The VM crashed
        VM_DUPLICATE_VBD_DEVICE vm,vbd,device The specified VM has a duplicate VBD device and cannot be started.
        VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT vm VM didn't acknowledge the need to shutdown.
        VM_HVM_REQUIRED vm HVM is required for this operation
        VM_IS_PART_OF_AN_APPLIANCE vm,appliance This operation is not allowed as the VM is part of an appliance.
        VM_IS_TEMPLATE vm The operation attempted is not valid for a template VM
        VM_LACKS_FEATURE vm You attempted an operation on a VM which lacks the feature.
        VM_MEMORY_SIZE_TOO_LOW vm The specified VM has too little memory to be started.
        VM_MIGRATE_FAILED vm,source,dest,msg An error occurred during the migration process.
        VM_NO_SUSPEND_SR vm This VM does not have a suspend SR specified.
        VM_NO_VCPUS vm You need at least 1 VCPU to start a VM
        VM_REQUIRES_NETWORK vm,network You attempted to run a VM on a host which doesn't have a PIF on a Network needed by the VM. The VM has at least one VIF attached to the Network.
        VM_REQUIRES_SR vm,sr You attempted to run a VM on a host which doesn't have access to an SR needed by the VM. The VM has at least one VBD attached to a VDI in the SR.
        VM_REQUIRES_VDI vm,vdi VM cannot be started because it requires a VDI which cannot be attached
        VM_SHUTDOWN_TIMEOUT vm,timeout VM failed to shutdown before the timeout expired
        VM_TO_IMPORT_IS_NOT_NEWER_VERSION vm,existing_version,version_to_import The VM cannot be imported unforced because it is either the same version or an older version of an existing VM.
        XENAPI_PLUGIN_FAILURE status,stdout,stderr There was a failure communicating with the plug-in.
        XEN_INCOMPATIBLE - The current version of Xen or its control libraries is incompatible with the Toolstack.
        """;
}
