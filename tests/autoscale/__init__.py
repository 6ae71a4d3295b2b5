"""The formulas of pools, through hours of an emulated account's time."""
