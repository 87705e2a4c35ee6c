namespace Redoubt.Server.Notifying;

/// <summary>Somewhere that notices are sent to.</summary>
internal interface INotifyTarget
{
    /// <summary>Its kind and address, without anything secret: by this name it is noted what has been sent there.</summary>
    string Name { get; }

    /// <summary>Sends a notice; when this returns, whoever is responsible for it there has it.</summary>
    /// <exception cref="NotifyException">It could not be sent; whether it has arrived may not be known.</exception>
    Task SendAsync(Notification notice, CancellationToken cancellationToken);
}
