namespace Redoubt.Compute.Libvirt;

/// <summary>The <c>virErrorNumber</c> values that Redoubt tells apart; every other number stays a plain number.</summary>
internal enum LibvirtError
{
    None = 0,
    Internal = 1,
    NoMemory = 2,
    NoSupport = 3,
    NoConnect = 5,
    OperationFailed = 9,
    DomainExists = 28,
    SystemError = 38,
    Rpc = 39,
    NoDomain = 42,
    OperationInvalid = 55,
    ConfigUnsupported = 67,
    OperationTimeout = 68,
    ArgumentUnsupported = 74,
    NoDomainMetadata = 80,
    AgentUnresponsive = 86,
    AgentUnsynced = 97,
    AgentCommandTimeout = 111,
    AgentCommandFailed = 112,
}
