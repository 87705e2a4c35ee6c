namespace Redoubt.Compute;

/// <summary>How a guest was asked to do something itself.</summary>
public enum GuestRoute
{
    /// <summary>The power button was pressed. Whether the guest heeds it can't be known; wait for the stop, with a limit.</summary>
    Acpi,

    /// <summary>The guest agent was told, and has understood.</summary>
    Agent,
}
