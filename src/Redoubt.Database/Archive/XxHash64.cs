using System.Buffers.Binary;
using System.Numerics;

namespace Redoubt.Database.Archive;

/// <summary>
/// XXH64 with the seed 0, by which XenServer checks each chunk of a disk. Its definition is public (xxHash fast digest algorithm); it keeps
/// out no forger, only what breaks by itself.
/// </summary>
internal static class XxHash64
{
    private const ulong P1 = 11400714785074694791;
    private const ulong P2 = 14029467366897019727;
    private const ulong P3 = 1609587929392839161;
    private const ulong P4 = 9650029242287828579;
    private const ulong P5 = 2870177450012600261;
    private const int StripeBytes = 32;

    /// <summary>The hash of all of it.</summary>
    public static ulong Of(ReadOnlySpan<byte> data)
    {
        var rest = data;
        ulong hash;
        if (data.Length >= StripeBytes)
        {
            unchecked
            {
                var (a, b, c, d) = (P1 + P2, P2, 0UL, 0UL - P1);
                for (; rest.Length >= StripeBytes; rest = rest[StripeBytes..])
                {
                    a = Round(a, Word(rest));
                    b = Round(b, Word(rest[8..]));
                    c = Round(c, Word(rest[16..]));
                    d = Round(d, Word(rest[24..]));
                }

                hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12)
                    + BitOperations.RotateLeft(d, 18);
                hash = Merge(Merge(Merge(Merge(hash, a), b), c), d);
            }
        }
        else
        {
            hash = P5;
        }

        unchecked
        {
            hash += (ulong)data.Length;
            for (; rest.Length >= 8; rest = rest[8..])
            {
                hash = (BitOperations.RotateLeft(hash ^ Round(0, Word(rest)), 27) * P1) + P4;
            }

            if (rest.Length >= 4)
            {
                hash = (BitOperations.RotateLeft(hash ^ (BinaryPrimitives.ReadUInt32LittleEndian(rest) * P1), 23) * P2) + P3;
                rest = rest[4..];
            }

            foreach (var one in rest)
            {
                hash = BitOperations.RotateLeft(hash ^ (one * P5), 11) * P1;
            }

            hash = (hash ^ (hash >> 33)) * P2;
            hash = (hash ^ (hash >> 29)) * P3;
            return hash ^ (hash >> 32);
        }
    }

    private static ulong Word(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt64LittleEndian(at);

    private static ulong Round(ulong lane, ulong word) => unchecked(BitOperations.RotateLeft(lane + (word * P2), 31) * P1);

    private static ulong Merge(ulong hash, ulong lane) => unchecked(((hash ^ Round(0, lane)) * P1) + P4);
}
