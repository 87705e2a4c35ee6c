namespace Redoubt.Storage.Images;

/// <summary>What a name in a file system stands for.</summary>
public enum Ext3Kind
{
    /// <summary>A file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A link, a device or anything else that is not followed.</summary>
    Other,
}
