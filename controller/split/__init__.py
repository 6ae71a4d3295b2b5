"""From the input to the ledger: which units each task gets. Pure cutters, and the shells that read and write blobs."""
