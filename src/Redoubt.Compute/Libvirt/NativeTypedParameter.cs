using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary><c>virTypedParameter</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTypedParameter
{
    private const int NameLength = 80; // VIR_TYPED_PARAM_FIELD_LENGTH

    private fixed byte _name[NameLength];
    private readonly int _type;
    private readonly long _value;

    internal string Name
    {
        get
        {
            fixed (byte* name = _name)
                return Marshal.PtrToStringUTF8((nint)name) ?? "";
        }
    }

    /// <summary>A number, or a text; <see langword="null"/> for what is neither.</summary>
    internal readonly object? Value => _type switch
    {
        1 => (double)(int)_value,
        2 => (double)(uint)_value,
        3 => (double)_value,
        4 => (double)(ulong)_value,
        5 => BitConverter.Int64BitsToDouble(_value),
        7 => Marshal.PtrToStringUTF8((nint)_value),
        _ => null,
    };
}
