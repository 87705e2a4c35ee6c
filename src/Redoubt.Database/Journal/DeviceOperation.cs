namespace Redoubt.Database.Journal;

/// <summary>One thing a device was made to do: a write, or a flush when there are no bytes.</summary>
internal readonly record struct DeviceOperation(long Offset, byte[]? Bytes)
{
    public bool IsFlush => Bytes is null;
}
