namespace Redoubt.Pool.Measuring;

/// <summary>
/// What one source has shown, in as much memory as at the beginning: each value for ten minutes, and averages of a minute for two hours,
/// of an hour for a week and of a day for a year, which are XenServer's archives. Rows lie at whole multiples of their step; where nothing
/// was measured they are no numbers. Not thread safe.
/// </summary>
internal sealed class Series
{
    /// <summary>Step in seconds and number of rows of each archive.</summary>
    public static readonly IReadOnlyList<(int Step, int Rows)> Archives = [(5, 120), (60, 120), (3600, 168), (86400, 366)];

    private readonly Archive[] _archives = [.. Archives.Select(a => new Archive(a.Rows))];
    private (double Value, double At)? _counted;

    /// <summary>When something was measured last, in seconds since 1970.</summary>
    public long Updated { get; private set; }

    /// <summary>What was measured last.</summary>
    public double Last { get; private set; } = double.NaN;

    /// <summary>Takes a value.</summary>
    /// <param name="second">The moment, in seconds since 1970.</param>
    /// <param name="value">The value.</param>
    public void Add(long second, double value)
    {
        (Updated, Last) = (second, value);
        _archives[0].Put(second / Archives[0].Step, value);
        foreach (var (archive, step) in _archives.Zip(Archives.Select(a => a.Step)).Skip(1))
        {
            archive.Average(second / step, value);
        }
    }

    /// <summary>Takes what a counter shows; the first time there is nothing to compare it with, nor when it has begun anew.</summary>
    /// <param name="second">The moment, in seconds since 1970.</param>
    /// <param name="elapsed">The same on a clock that nobody sets.</param>
    /// <param name="value">What it shows.</param>
    public void Count(long second, double elapsed, double value)
    {
        if (_counted is { } before && elapsed > before.At && value >= before.Value)
        {
            Add(second, (value - before.Value) / (elapsed - before.At));
        }

        _counted = (value, elapsed);
    }

    /// <summary>A row of an archive.</summary>
    /// <param name="archive">Which.</param>
    /// <param name="row">The row: its time, divided by the archive's step.</param>
    public float Read(int archive, long row) => _archives[archive].Read(row);

    private sealed class Archive
    {
        private readonly float[] _rows;
        private long _last = -1;
        private long _slot = -1;
        private double _sum;
        private int _count;

        public Archive(int rows)
        {
            _rows = new float[rows];
            Array.Fill(_rows, float.NaN);
        }

        public void Put(long row, double value)
        {
            if (row < _last || row - _last >= _rows.Length)
            {
                // The clock was set back, or nothing was measured for longer than is kept.
                Array.Fill(_rows, float.NaN);
            }
            else
            {
                for (var missed = _last + 1; missed < row; missed++)
                {
                    _rows[missed % _rows.Length] = float.NaN;
                }
            }

            _rows[row % _rows.Length] = (float)value;
            _last = row;
        }

        public void Average(long slot, double value)
        {
            if (slot != _slot)
            {
                if (_count > 0)
                {
                    Put(_slot + 1, _sum / _count);
                }

                (_slot, _sum, _count) = (slot, 0, 0);
            }

            if (!double.IsNaN(value))
            {
                (_sum, _count) = (_sum + value, _count + 1);
            }
        }

        public float Read(long row) => row > _last || row <= _last - _rows.Length || row < 0 ? float.NaN : _rows[row % _rows.Length];
    }
}
