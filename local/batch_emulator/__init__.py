"""An emulator of the Azure Batch service: the REST API on one side, real processes on the other.

`python -m local.batch_emulator` serves it on 127.0.0.1; `local.batch_emulator.server.Emulator` runs it in a program.
"""
