"""The whole controller as it is wired for Azure, in one process: the real SDKs, and services that are functions."""
