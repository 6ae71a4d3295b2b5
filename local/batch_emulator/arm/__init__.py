"""Pools as Azure Resource Manager shows them: the same pools, with the properties only ARM can set."""
