using System.Buffers.Binary;
using System.Text;

namespace Redoubt.Server.Nbd;

/// <summary>What a client asks.</summary>
/// <param name="Option">The option.</param>
/// <param name="Data">What goes with it.</param>
internal sealed record NbdRequest(NbdOption Option, byte[] Data)
{
    /// <summary>The name of the disk that it is about; null if it is about none, or broken.</summary>
    public string? DiskName => Option == NbdOption.ExportName ? Encoding.UTF8.GetString(Data)
        : HasName(out var length) ? Encoding.UTF8.GetString(Data, 4, length)
        : null;

    /// <summary>The same about a disk of another name.</summary>
    public NbdRequest About(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        if (!HasName(out var length))
        {
            return this with { Data = bytes };
        }

        var data = new byte[4 + bytes.Length + Data.Length - 4 - length];
        BinaryPrimitives.WriteInt32BigEndian(data, bytes.Length);
        bytes.CopyTo(data, 4);
        Data.AsSpan(4 + length).CopyTo(data.AsSpan(4 + bytes.Length));
        return this with { Data = data };
    }

    private bool HasName(out int length)
    {
        length = 0;
        return Option is NbdOption.Info or NbdOption.Go or NbdOption.ListMetaContext or NbdOption.SetMetaContext && Data.Length >= 4
            && (length = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32BigEndian(Data))) <= Data.Length - 4;
    }
}
