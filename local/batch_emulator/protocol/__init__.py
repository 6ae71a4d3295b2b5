"""What every request of the API shares: its version, signature, conditions, filters, pages and error bodies."""
