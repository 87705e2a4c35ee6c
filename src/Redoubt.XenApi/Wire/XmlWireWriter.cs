using System.Globalization;
using System.Xml;

namespace Redoubt.XenApi;

/// <summary>Writes values as XML-RPC in xapi's manner: text and whole numbers bare, since a 64-bit number has no XML-RPC type.</summary>
public sealed class XmlWireWriter(XmlWriter xml) : IWireWriter
{
    // What is open: an array's data, a struct, or a struct's member whose value comes next.
    private readonly Stack<char> open = new();

    /// <inheritdoc/>
    public void String(string value) => Scalar(null, XmlText.Clean(value));

    /// <inheritdoc/>
    public void Int(long value) => Scalar(null, value.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public void Int32(int value) => Scalar("i4", value.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public void Float(double value) => Scalar("double", value.ToString("R", CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public void Bool(bool value) => Scalar("boolean", value ? "1" : "0");

    /// <inheritdoc/>
    public void DateTime(DateTimeOffset value) => Scalar("dateTime.iso8601", XenTypes.DateTime.Encode(value));

    /// <inheritdoc/>
    public void Null() => Scalar("nil", null);

    /// <inheritdoc/>
    public void BeginArray()
    {
        xml.WriteStartElement("value");
        xml.WriteStartElement("array");
        xml.WriteStartElement("data");
        open.Push('a');
    }

    /// <inheritdoc/>
    public void EndArray()
    {
        open.Pop();
        xml.WriteFullEndElement();
        xml.WriteEndElement();
        EndValue();
    }

    /// <inheritdoc/>
    public void BeginStruct()
    {
        xml.WriteStartElement("value");
        xml.WriteStartElement("struct");
        open.Push('s');
    }

    /// <inheritdoc/>
    public void Key(string name)
    {
        xml.WriteStartElement("member");
        xml.WriteElementString("name", XmlText.Clean(name));
        open.Push('m');
    }

    /// <inheritdoc/>
    public void EndStruct()
    {
        open.Pop();
        xml.WriteFullEndElement();
        EndValue();
    }

    private void Scalar(string? element, string? text)
    {
        xml.WriteStartElement("value");
        if (element is null)
        {
            xml.WriteString(text);
            xml.WriteFullEndElement();
        }
        else
        {
            xml.WriteElementString(element, text);
            xml.WriteEndElement();
        }

        EndMember();
    }

    private void EndValue()
    {
        xml.WriteEndElement();
        EndMember();
    }

    private void EndMember()
    {
        if (open.TryPeek(out var top) && top == 'm')
        {
            open.Pop();
            xml.WriteEndElement();
        }
    }
}
