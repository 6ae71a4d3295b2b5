"""Many jobs at once: all end, the oldest first, none is lost, and what it costs is counted."""
