using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>A console of a guest that is there.</summary>
/// <param name="Console">The console.</param>
/// <param name="Protocol">What it speaks.</param>
/// <param name="Vm">The VM.</param>
/// <param name="Uuid">The VM's UUID, by which its sockets are found.</param>
/// <param name="VmName">What the VM is called.</param>
public sealed record GuestConsole(Ref<ConsoleRecord> Console, ConsoleProtocol Protocol, Ref<VmRecord> Vm, Guid Uuid, string VmName);
