namespace Redoubt.XenApi;

/// <summary>
/// A failure that a XenAPI client sees: an error code and its parameters, as listed for each message of the data model.
/// </summary>
/// <remarks>Operating failures only. A bug in Redoubt is any other exception and reaches the client as <c>INTERNAL_ERROR</c>.</remarks>
public sealed class XenApiException : Exception
{
    /// <summary>Makes the failure with its code and the code's parameters.</summary>
    public XenApiException(string code, params IReadOnlyList<string> parameters)
        : this(null, code, parameters)
    {
    }

    /// <summary>Makes the failure with the cause that led to it.</summary>
    public XenApiException(Exception? cause, string code, params IReadOnlyList<string> parameters)
        : base(parameters.Count == 0 ? code : $"{code}: {string.Join(", ", parameters)}", cause)
    {
        Code = code;
        Parameters = [.. parameters];
    }

    /// <summary>The error code, for example <c>HANDLE_INVALID</c>.</summary>
    public string Code { get; }

    /// <summary>The code's parameters, in order; empty when it has none.</summary>
    public IReadOnlyList<string> Parameters { get; }
}
