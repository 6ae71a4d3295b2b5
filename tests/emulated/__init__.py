"""The whole controller in memory, on an emulated Batch account behind the real SDK and one drivable clock."""
