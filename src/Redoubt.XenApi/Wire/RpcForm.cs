namespace Redoubt.XenApi;

/// <summary>The ways in which a call may be written; an answer is written as its call was.</summary>
public enum RpcForm
{
    /// <summary>JSON-RPC without a version: the answer has both <c>result</c> and <c>error</c>, one of them null.</summary>
    JsonRpc1,

    /// <summary>JSON-RPC 2.0: the answer has either <c>result</c> or <c>error</c>.</summary>
    JsonRpc2,

    /// <summary>XML-RPC with XenAPI's envelope of <c>Status</c> and <c>Value</c> or <c>ErrorDescription</c>.</summary>
    XmlRpc,
}
