using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Redoubt.Server.Supervising;

/// <summary>
/// The log of a daemon: one for the pool and for the web server around it. In the system's journal where standard error leads there.
/// </summary>
internal static class ServerLog
{
    /// <summary>Opens it.</summary>
    public static ILoggerFactory Open() => LoggerFactory.Create(logging =>
    {
        if (JournalStream.IsStandardError() && File.Exists(JournalLog.UsualSocket))
        {
            logging.Services.AddSingleton<ILoggerProvider>(_ => new JournalLog(JournalLog.UsualSocket));
        }
        else
        {
            // One line for each failure, to standard error: standard output is for what scripts read.
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss'Z' ";
            });
            logging.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        }

        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Redoubt.Console.SessionCookie", LogLevel.Warning);

        // Its keys lie in the daemon's own directory, which only its owner can read, as everything else does.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);

        // A line for each connection over the limit: whoever opens them would fill the disk.
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Error);
    });
}
