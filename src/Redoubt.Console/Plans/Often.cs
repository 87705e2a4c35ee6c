namespace Redoubt.Console.Plans;

/// <summary>How often something is due.</summary>
internal enum Often
{
    /// <summary>Every day.</summary>
    Day,

    /// <summary>Every week.</summary>
    Week,

    /// <summary>Every month.</summary>
    Month,

    /// <summary>As an expression says.</summary>
    Own,
}
