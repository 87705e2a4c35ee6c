namespace Redoubt.Tests;

/// <summary>Bytes that were right once.</summary>
/// <param name="morsels">What parsers stumble over.</param>
/// <param name="longest">The longest stretch, in bytes, that is taken away or doubled.</param>
internal sealed class Mutation(byte[][] morsels, int longest)
{
    /// <summary>The bytes with one to four things done to them.</summary>
    public byte[] Of(byte[] good, Random random)
    {
        var bytes = good.ToList();
        for (var i = random.Next(1, 5); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, longest), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break;
                default: bytes.InsertRange(at, morsels[random.Next(morsels.Length)]); break;
            }
        }

        return [.. bytes];
    }
}
