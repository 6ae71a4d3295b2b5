"""Clients of the Batch service that are not ours, in environments of their own."""
