"""Blobs read and written by several threads at once, in order and in bounded memory. Shells over one `BlobPort`."""
