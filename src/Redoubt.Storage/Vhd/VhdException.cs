namespace Redoubt.Storage.Vhd;

/// <summary>Why a VHD can't be used, in words that go on after its name and a colon.</summary>
internal sealed class VhdException(string problem) : Exception(problem);
