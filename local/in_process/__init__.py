"""Services that the real SDKs reach without a socket: a transport that calls them as functions."""
