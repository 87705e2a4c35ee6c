using System.Text;
using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Recovering;

/// <summary>Prints a page that needs nothing else as PDF, by the browser of this machine.</summary>
internal static class PdfPrinter
{
    private const int KeptCharacters = 4096;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly string[] Browsers =
        ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

    /// <exception cref="UsageException">There is no browser, it failed, or the file can't be written.</exception>
    public static async Task PrintAsync(string html, string file, CancellationToken cancellationToken)
    {
        file = FileWords.FullPath("file=", file);
        var browser = Find() ?? throw new UsageException(
            $"A PDF is printed by Chromium, and this machine has none ({string.Join(", ", Browsers)} were looked for). Install one, or "
                + "take format=html and print that.");
        var directory = Directory.CreateTempSubdirectory("redoubt-pdf-").FullName;
        try
        {
            var (page, pdf) = (Path.Combine(directory, "report.html"), Path.Combine(directory, "report.pdf"));
            await File.WriteAllTextAsync(page, html, new UTF8Encoding(false), cancellationToken);
            string[] arguments =
            [
                // Root has no sandbox there. The page runs nothing and fetches nothing: its own policy says so.
                "--headless", .. Environment.IsPrivilegedProcess ? ["--no-sandbox"] : Array.Empty<string>(), "--disable-gpu",
                $"--user-data-dir={directory}", "--no-pdf-header-footer", $"--print-to-pdf={pdf}", new Uri(page).AbsoluteUri,
            ];
            var program = await ProgramRun.RunAsync(new(browser, arguments), KeptCharacters, Limit, TimeProvider.System, cancellationToken)
                ?? throw new UsageException(
                    $"{browser} did not print the report within {Limit.TotalMinutes:0} minutes, and was ended.");
            if (program.ExitCode != 0 || !File.Exists(pdf))
            {
                throw new UsageException(
                    $"{browser} printed no PDF (exit code {program.ExitCode}): {(program.Errors + program.Output).Trim()}");
            }

            File.Copy(pdf, file, overwrite: true);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"file={file} can't be written: {unwritable.Message}");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string? Find() => Browsers
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Combine(d, name)))
        .FirstOrDefault(File.Exists);
}
