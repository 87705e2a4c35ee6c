namespace Redoubt.Console.Dashboard;

/// <summary>A step towards a first test that has passed.</summary>
public enum FirstStep
{
    /// <summary>Storage that both sites can have.</summary>
    Storage,

    /// <summary>The metadata on it.</summary>
    Protect,

    /// <summary>The other site named.</summary>
    Site,

    /// <summary>A plan saved.</summary>
    Plan,

    /// <summary>A test that has passed.</summary>
    Test,
}
