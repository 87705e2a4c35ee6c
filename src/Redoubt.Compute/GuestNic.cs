namespace Redoubt.Compute;

/// <summary>A network interface, as the guest says.</summary>
/// <param name="Mac">Its address on the wire, in lower case.</param>
/// <param name="Addresses">Its IP addresses, each in its one spelling, in the guest's order.</param>
public sealed record GuestNic(string Mac, IReadOnlyList<string> Addresses);
