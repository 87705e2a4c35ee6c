namespace Redoubt.Storage.Vhd;

/// <summary>How a VHD keeps its content; the numbers are those of its footer.</summary>
internal enum VhdKind
{
    /// <summary>All of it, one byte after the other, and then the footer.</summary>
    Fixed = 2,

    /// <summary>In blocks, of which those are left out that were never written.</summary>
    Dynamic = 3,

    /// <summary>The same, and what is left out is its parent's.</summary>
    Differencing = 4,
}
