"""The controller killed at every request it sends, and whatever became of it compared."""
