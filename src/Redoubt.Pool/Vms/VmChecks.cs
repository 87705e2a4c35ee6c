using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What must hold before something is done with a VM. Pure.</summary>
internal static class VmChecks
{
    /// <summary>More than any host has; QEMU's own limit is lower and depends on the machine.</summary>
    private const long VcpusLimit = 1024;

    private const long MemoryLimit = 1L << 50;

    // Below it there is no IP, above it no frame.
    private const long LeastMtu = 68;
    private const long MostMtu = 65535;

    /// <summary>Checks that an operation on a VM is neither blocked nor out of place in its state.</summary>
    /// <exception cref="XenApiException">
    /// <c>OPERATION_BLOCKED</c>, <c>VM_IS_TEMPLATE</c>, <c>VM_BAD_POWER_STATE</c>, <c>OPERATION_NOT_ALLOWED</c>.
    /// </exception>
    public static void Require(Ref<VmRecord> reference, VmRecord vm, VmOperations operation, params VmPowerState[] states)
    {
        // Whoever may not resume a VM that was handed over may not do so on a host of their choice either.
        if (vm.BlockedOperations.TryGetValue(operation, out var reason)
            || (operation == VmOperations.ResumeOn && vm.BlockedOperations.TryGetValue(VmOperations.Resume, out reason)
                && HandOverMark.Is(reason)))
        {
            throw new XenApiException("OPERATION_BLOCKED", reference.Opaque, reason);
        }

        if (vm.IsControlDomain)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "This is the control domain: the host itself, not a guest.");
        }

        var name = VmOperationsType.Instance.Encode(operation);
        if (!AdoptedVm.Allows(vm, operation))
        {
            throw AdoptedVm.Refuse(vm, name);
        }

        if (vm.IsATemplate && operation is not (VmOperations.Clone or VmOperations.Copy or VmOperations.Provision or VmOperations.Destroy
            or VmOperations.Revert or VmOperations.Export or VmOperations.ChangingMemoryLimits or VmOperations.ChangingStaticRange
            or VmOperations.ChangingDynamicRange or VmOperations.ChangingVcpus or VmOperations.ChangingNvram))
        {
            throw vm.IsASnapshot
                ? new("OPERATION_NOT_ALLOWED", "This is a snapshot of a VM, not a VM.")
                : new XenApiException("VM_IS_TEMPLATE", reference.Opaque, name);
        }

        RequireState(reference, vm, states);
    }

    /// <summary>Checks that a VM is in one of these states.</summary>
    /// <exception cref="XenApiException"><c>VM_BAD_POWER_STATE</c>.</exception>
    public static void RequireState(Ref<VmRecord> reference, VmRecord vm, params VmPowerState[] states)
    {
        if (!states.Contains(vm.PowerState))
        {
            throw new XenApiException(
                "VM_BAD_POWER_STATE", reference.Opaque, string.Join(", ", states.Select(VmPowerStateType.Instance.Encode)),
                VmPowerStateType.Instance.Encode(vm.PowerState));
        }
    }

    /// <summary>Checks that a number is not below a limit.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void AtLeast(long least, string field, long value)
    {
        if (value < least)
        {
            throw new XenApiException("INVALID_VALUE", field, $"{value}");
        }
    }

    /// <summary>Checks the largest packet of a network or an interface, in bytes; 0 leaves the choice to the server.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void RequireMtu(long value)
    {
        if (value != 0)
        {
            AtLeast(LeastMtu, "MTU", value);
            AtMost(MostMtu, "MTU", value);
        }
    }

    /// <summary>Checks a VM's memory and processors.</summary>
    /// <exception cref="XenApiException"><c>MEMORY_CONSTRAINT_VIOLATION</c>, <c>INVALID_VALUE</c>.</exception>
    public static void RequireSizes(VmRecord vm)
    {
        AtLeast(0, "memory_static_min", vm.MemoryStaticMin);
        if (!(vm.MemoryStaticMin <= vm.MemoryDynamicMin && vm.MemoryDynamicMin <= vm.MemoryDynamicMax
            && vm.MemoryDynamicMax <= vm.MemoryStaticMax))
        {
            throw new XenApiException(
                "MEMORY_CONSTRAINT_VIOLATION", "Memory limits must satisfy: static_min <= dynamic_min <= dynamic_max <= static_max");
        }

        AtLeast(1, "VCPUs_max", vm.VcpusMax);
        AtLeast(1, "VCPUs_at_startup", vm.VcpusAtStartup);
        AtMost(VcpusLimit, "VCPUs_max", vm.VcpusMax);
        AtMost(vm.VcpusMax, "VCPUs_at_startup", vm.VcpusAtStartup);
    }

    /// <summary>
    /// Checks that a VM's sizes can be put to a hypervisor at all. A recovered VM has them from somebody else's database, and a hypervisor
    /// in this process that makes room for a billion processors takes the daemon with it.
    /// </summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void RequireStartable(VmRecord vm)
    {
        AtLeast(1, "VCPUs_at_startup", vm.VcpusAtStartup);
        AtMost(VcpusLimit, "VCPUs_at_startup", vm.VcpusAtStartup);
        AtLeast(1, "memory_static_max", vm.MemoryStaticMax);
        AtMost(MemoryLimit, "memory_static_max", vm.MemoryStaticMax);
        AtMost(MemoryLimit, "memory_dynamic_max", vm.MemoryDynamicMax);
    }

    /// <summary>Checks a VM's place in an order of starts.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void RequireOrder(VmRecord vm)
    {
        AtLeast(0, "order", vm.Order);
        AtLeast(0, "start_delay", vm.StartDelay);
        AtLeast(0, "shutdown_delay", vm.ShutdownDelay);
    }

    private static void AtMost(long most, string field, long value)
    {
        if (value > most)
        {
            throw new XenApiException("INVALID_VALUE", field, $"{value}");
        }
    }
}
