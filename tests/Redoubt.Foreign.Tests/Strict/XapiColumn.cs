namespace Redoubt.Foreign.Tests.Strict;

/// <summary>One column of xapi's schema.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsPersistent">Whether it reaches the log.</param>
/// <param name="Shape"><c>String</c>, <c>Set</c> or <c>Pairs</c>.</param>
/// <param name="HasDefault">Whether a row may lack it.</param>
internal sealed record XapiColumn(string Name, bool IsPersistent, string Shape, bool HasDefault);
