namespace Redoubt.Compute.Tests;

/// <summary>libvirt allows one embedded root per process, so the tests that need it share it, one after another.</summary>
[CollectionDefinition(Name)]
public sealed class EmbeddedHostCollection : ICollectionFixture<EmbeddedHost>
{
    internal const string Name = "embedded host";
}
