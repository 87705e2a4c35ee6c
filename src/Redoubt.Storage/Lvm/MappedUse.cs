namespace Redoubt.Storage.LvmDriver;

/// <summary>Who uses a volume that is shown.</summary>
internal enum MappedUse
{
    /// <summary>Somebody to whom it is given, and who may go on with it when it has been let go: a guest.</summary>
    Given,

    /// <summary>This process, which reads it as it is now, also when it is no disk any more.</summary>
    Read,

    /// <summary>This process, which writes to it.</summary>
    Written,
}
