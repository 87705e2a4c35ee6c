namespace Redoubt.Inspection;

/// <summary>A VM's drive and what is in it.</summary>
/// <param name="Position">The drive's number.</param>
/// <param name="Type"><c>Disk</c>, <c>CD</c> or <c>Floppy</c>.</param>
/// <param name="Bootable">Whether the VM boots from it.</param>
/// <param name="VdiUuid">The disk's UUID; null for an empty drive.</param>
/// <param name="Location">Where on the SR the disk is.</param>
/// <param name="NameLabel">The disk's name.</param>
/// <param name="SizeBytes">The disk's size as the VM sees it.</param>
/// <param name="SrUuid">The SR that the disk is on.</param>
/// <param name="SrNameLabel">That SR's name.</param>
public sealed record DiskSummary(
    string Position, string Type, bool Bootable, string? VdiUuid, string? Location, string? NameLabel, long SizeBytes, string? SrUuid,
    string? SrNameLabel);
