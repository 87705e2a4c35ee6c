namespace Redoubt.Compute;

/// <summary>What is on a guest's screen.</summary>
/// <param name="MimeType">The image's type: <c>image/png</c> or <c>image/x-portable-pixmap</c>.</param>
/// <param name="Bytes">The image.</param>
public sealed record Screenshot(string MimeType, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The image as a PNG.</summary>
    /// <exception cref="InvalidDataException">It is of a kind that can't be turned into one.</exception>
    public byte[] ToPng() => MimeType == "image/png" ? Bytes.ToArray() : PngImage.OfPixmap(Bytes.Span);
}
