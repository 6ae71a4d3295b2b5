"""One function per REST operation: the world and a call in, an answer out, BatchError where the service refuses."""
