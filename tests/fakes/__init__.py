"""The ports in memory. Each keeps the promises of its port, proved by the same contract tests as the edge."""
