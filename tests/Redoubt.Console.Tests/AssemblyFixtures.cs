using Redoubt.Console.Tests;

[assembly: AssemblyFixture(typeof(Browser))]
