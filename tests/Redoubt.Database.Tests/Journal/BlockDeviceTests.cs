using System.ComponentModel;
using System.Diagnostics;
using Redoubt.Database.Journal;

namespace Redoubt.Database.Tests.Journal;

public sealed class BlockDeviceTests
{
    [Fact]
    public void A_journal_on_a_block_device_is_written_and_read_like_one_in_a_file()
    {
        var folder = Directory.CreateTempSubdirectory("redoubt-journal-");
        var loop = "";
        try
        {
            var file = Path.Combine(folder.FullName, "volume");
            JournalDevice.Create(file, JournalLayout.LocalVolumeBytes).Dispose();
            loop = Run("losetup", "--find", "--show", file);
            Assert.SkipWhen(loop.Length == 0, "no loop device can be set up here");

            using var device = JournalDevice.Open(loop);
            Assert.Equal(JournalLayout.LocalVolumeBytes, device.Length);
            JournalWriter.Initialise(device);
            var writer = new JournalWriter(device);
            writer.WriteDatabase(Scratch.Counters(0));
            writer.WriteDatabase(Scratch.Counters(2));
            Assert.Equal(AppendResult.Durable, writer.Append([Scratch.Transaction(2, 1, 3)]));

            var content = Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(loop)).Content;
            Assert.Equal((JournalHalf.Second, 1, writer.Generation), (content.Half, content.Transactions, content.Generation));
        }
        finally
        {
            if (loop.Length > 0)
                Run("losetup", "--detach", loop);
            folder.Delete(recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments)
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    UseShellExecute = false,
                })!;
            var output = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : "";
        }
        catch (Win32Exception)
        {
            // The program is not installed; the test is skipped.
            return "";
        }
    }
}
