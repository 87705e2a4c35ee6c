using System.Globalization;

namespace Redoubt.Database.Journal;

/// <summary>
/// The numbers of the format: decimal ASCII of fixed width, padded with zeros. Stricter than xapi, which takes what its language takes for
/// an integer.
/// </summary>
internal static class JournalNumber
{
    /// <summary>The number, or <see langword="null"/> if any byte is not a digit. At most 16 digits, so it cannot overflow.</summary>
    public static long? Parse(ReadOnlySpan<byte> digits)
    {
        var number = 0L;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return null;
            number = (number * 10) + (digit - '0');
        }

        return number;
    }

    /// <summary>A generation: as <see cref="Parse"/>, or a minus sign and fifteen digits, as a database that is fresh has.</summary>
    public static long? ParseGeneration(ReadOnlySpan<byte> digits) =>
        digits[0] == '-' ? -Parse(digits[1..]) : Parse(digits);

    /// <summary>Fills the span with the number.</summary>
    public static void Write(long number, Span<byte> digits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        for (var i = digits.Length - 1; i >= 0; i--, number /= 10)
            digits[i] = (byte)('0' + (number % 10));
        if (number != 0)
            throw new ArgumentOutOfRangeException(
                nameof(number), string.Create(CultureInfo.InvariantCulture, $"more than {digits.Length} digits"));
    }
}
