"""The Batch emulator, through the real SDK."""
