using Microsoft.Extensions.Logging;

namespace Redoubt.Server.Audit;

/// <summary>
/// The file <c>audit.log</c> of the daemon's directory: a line for each thing that somebody changed or tried to. When it has grown, it
/// becomes <c>audit.log.1</c>, that one <c>audit.log.2</c>, and the oldest goes.
/// </summary>
internal sealed class AuditLog : IDisposable
{
    /// <summary>How many old files are kept.</summary>
    public const int Kept = 9;

    private const long DefaultMaxBytes = 10 << 20;

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly ILogger<AuditLog> _log;
    private readonly long _maxBytes;
    private FileStream _file;
    private bool _isBroken;

    /// <exception cref="IOException">The file can't be written.</exception>
    public AuditLog(string directory, ILogger<AuditLog> log, long maxBytes = DefaultMaxBytes)
    {
        _path = Path.Combine(directory, "audit.log");
        (_log, _maxBytes) = (log, maxBytes);
        _file = Open();
    }

    /// <summary>Appends a line. What it tells of has happened, so failing to write it can only be reported.</summary>
    public void Append(ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            try
            {
                if (_file.Length > 0 && _file.Length + line.Length >= _maxBytes)
                {
                    Rotate();
                }

                _file.Write(line);
                _file.WriteByte((byte)'\n');
                _file.Flush();
                _isBroken = false;
            }
            catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                // Once for each time that it breaks: a full disk would else fill the other log too.
                if (!_isBroken)
                {
                    _log.LogError("The audit log {Path} can't be written, changes go unrecorded: {Message}", _path, unwritten.Message);
                }

                _isBroken = true;
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private FileStream Open() => new(_path, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });

    private void Rotate()
    {
        _file.Dispose();
        try
        {
            for (var old = Kept - 1; old >= 1; old--)
            {
                if (File.Exists($"{_path}.{old}"))
                {
                    File.Move($"{_path}.{old}", $"{_path}.{old + 1}", overwrite: true);
                }
            }

            File.Move(_path, _path + ".1", overwrite: true);
        }
        finally
        {
            _file = Open();
        }
    }
}
