// A test of this assembly mostly waits: for guests to boot, to count, to shut down.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
