using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What came of an import, or would.</summary>
/// <param name="Vms">The VMs that were made; none after a dry run.</param>
/// <param name="Names">Name and UUID of each VM in the archive.</param>
/// <param name="Notices">What is other than it was, a sentence each.</param>
public sealed record VmImportOutcome(ImmutableArray<Ref<VmRecord>> Vms, ImmutableArray<string> Names, ImmutableArray<string> Notices);
