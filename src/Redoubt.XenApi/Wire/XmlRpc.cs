using System.Text;
using System.Xml;

namespace Redoubt.XenApi;

/// <summary>
/// Reads and writes whole XML-RPC messages, for clients and servers alike. Every answer of XenAPI is a success to XML-RPC: a struct whose
/// <c>Status</c> says whether <c>Value</c> or <c>ErrorDescription</c> follows.
/// </summary>
/// <remarks>
/// Nothing here limits the size of a message: who reads it from a socket does. The depth is limited (<see cref="XmlWire.MaxDepth"/>), and
/// there are no entities and no DTD.
/// </remarks>
public static class XmlRpc
{
    /// <summary>The content type of requests and answers.</summary>
    public const string ContentType = "text/xml";

    private static readonly XmlWriterSettings Writing = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        OmitXmlDeclaration = true,
        ConformanceLevel = ConformanceLevel.Fragment,

        // A reader turns a bare carriage return into a line feed.
        NewLineHandling = NewLineHandling.Entitize,
    };

    /// <summary>Reads a call.</summary>
    /// <exception cref="WireFormatException">It is not XML, nested too deep, or no call.</exception>
    public static RpcRequest ReadRequest(Stream input) => Read(input, xml =>
    {
        XmlWire.Begin(xml, "methodCall");
        if (!XmlWire.Begin(xml, "methodName"))
        {
            throw new WireFormatException("a call without a method");
        }

        var method = xml.NodeType == XmlNodeType.Text ? xml.ReadContentAsString().Trim() : "";
        XmlWire.End(xml, "methodName");
        var parameters = xml.NodeType == XmlNodeType.Element ? ReadParameters(xml) : [];
        XmlWire.End(xml, "methodCall");
        return new RpcRequest(method, parameters, WireNull.Instance, RpcForm.XmlRpc);
    });

    /// <summary>Reads a call that is in memory; one with too many values is refused before any of them is made.</summary>
    /// <exception cref="WireFormatException">It is not XML, nested too deep, has too many values, or is no call.</exception>
    public static RpcRequest ReadRequest(MemoryStream input)
    {
        ReadOnlySpan<byte> text = input.TryGetBuffer(out var buffer) ? buffer : input.ToArray();
        return text.Count("<value"u8) + text.Count("<\0v\0a\0l\0u\0e"u8) > RpcRequest.MaxValues
            ? throw new WireFormatException($"a call with more than {RpcRequest.MaxValues} values")
            : ReadRequest((Stream)input);
    }

    /// <summary>Writes a call.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="method">The message's full name.</param>
    /// <param name="parameters">The parameters.</param>
    public static void WriteRequest(Stream output, string method, IEnumerable<WireValue> parameters)
    {
        using var xml = Begin(output);
        xml.WriteStartElement("methodCall");
        xml.WriteElementString("methodName", XmlText.Clean(method));
        xml.WriteStartElement("params");
        var values = new XmlWireWriter(xml);
        foreach (var parameter in parameters)
        {
            xml.WriteStartElement("param");
            parameter.WriteTo(values);
            xml.WriteEndElement();
        }

        xml.WriteFullEndElement();
        xml.WriteEndElement();
    }

    /// <summary>Writes the answer to a call that succeeded.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="result">Writes the one value of the answer.</param>
    public static void WriteResult(Stream output, Action<IWireWriter> result) => WriteAnswer(output, values =>
    {
        values.Key("Status");
        values.String("Success");
        values.Key("Value");
        result(values);
    });

    /// <summary>Writes the answer to a call that succeeded, bit by bit.</summary>
    /// <param name="output">Where to. It is only written to, never flushed, so it may collect what is written.</param>
    /// <param name="parts">Write the one value of the answer, one after the other.</param>
    /// <param name="afterPart">Called between the parts, to send what has been written so far.</param>
    public static async Task WriteResultAsync(Stream output, IEnumerable<Action<IWireWriter>> parts, Func<ValueTask> afterPart)
    {
        using var xml = Begin(output);
        var values = Open(xml);
        values.Key("Status");
        values.String("Success");
        values.Key("Value");
        foreach (var part in parts)
        {
            part(values);
            await afterPart();
        }

        Close(xml, values);
    }

    /// <summary>
    /// Writes an answer without the envelope of <c>Status</c> and <c>Value</c>; only that of <c>system.listMethods</c> has none.
    /// </summary>
    public static void WriteBareResult(Stream output, IEnumerable<Action<IWireWriter>> parts)
    {
        using var xml = Begin(output);
        var values = OpenParam(xml);
        foreach (var part in parts)
        {
            part(values);
        }

        CloseParam(xml);
    }

    /// <summary>Writes the answer to a call that failed.</summary>
    public static void WriteFailure(Stream output, string code, IReadOnlyList<string> parameters) => WriteAnswer(output, values =>
    {
        values.Key("Status");
        values.String("Failure");
        values.Key("ErrorDescription");
        values.BeginArray();
        values.String(code);
        foreach (var parameter in parameters)
        {
            values.String(parameter);
        }

        values.EndArray();
    });

    /// <summary>Reads an answer; a fault of XML-RPC itself is the failure <c>Fault</c>.</summary>
    /// <exception cref="WireFormatException">It is not XML, nested too deep, or no answer.</exception>
    public static RpcResponse ReadResponse(Stream input) => Read(input, xml =>
    {
        XmlWire.Begin(xml, "methodResponse");
        if (xml.LocalName == "fault")
        {
            XmlWire.Begin(xml, "fault");
            var fault = XmlWire.ReadValue(xml).AsStruct("fault");
            return RpcResponse.Failed([new WireString("Fault"), .. fault.Select(m => m.Value)]);
        }

        var parameters = ReadParameters(xml);
        if (parameters is not [WireStruct answer])
        {
            throw new WireFormatException("an answer that is not one struct");
        }

        return answer["Status"] switch
        {
            WireString { Value: "Success" } => new(answer["Value"] ?? throw new WireFormatException("a success without a value"), null),
            WireString { Value: "Failure" } =>
                RpcResponse.Failed((answer["ErrorDescription"] ?? WireNull.Instance).AsArray("ErrorDescription")),
            _ => throw new WireFormatException("an answer that is neither success nor failure"),
        };
    });

    private static T Read<T>(Stream input, Func<XmlReader, T> read)
    {
        try
        {
            using var xml = XmlWire.Open(input);
            return read(xml);
        }
        catch (Exception broken) when (broken is XmlException or ArgumentException)
        {
            throw new WireFormatException("not XML", broken);
        }
    }

    private static List<WireValue> ReadParameters(XmlReader xml)
    {
        var parameters = new List<WireValue>();
        if (XmlWire.Begin(xml, "params"))
        {
            while (xml.NodeType == XmlNodeType.Element)
            {
                XmlWire.Begin(xml, "param");
                parameters.Add(XmlWire.ReadValue(xml));
                XmlWire.End(xml, "param");
            }

            XmlWire.End(xml, "params");
        }

        return parameters;
    }

    private static XmlWriter Begin(Stream output)
    {
        output.Write("<?xml version=\"1.0\"?>"u8);
        return XmlWriter.Create(output, Writing);
    }

    private static void WriteAnswer(Stream output, Action<IWireWriter> members)
    {
        using var xml = Begin(output);
        var values = Open(xml);
        members(values);
        Close(xml, values);
    }

    private static XmlWireWriter Open(XmlWriter xml)
    {
        var values = OpenParam(xml);
        values.BeginStruct();
        return values;
    }

    private static void Close(XmlWriter xml, XmlWireWriter values)
    {
        values.EndStruct();
        CloseParam(xml);
    }

    private static XmlWireWriter OpenParam(XmlWriter xml)
    {
        xml.WriteStartElement("methodResponse");
        xml.WriteStartElement("params");
        xml.WriteStartElement("param");
        return new XmlWireWriter(xml);
    }

    private static void CloseParam(XmlWriter xml)
    {
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }
}
