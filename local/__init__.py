"""Everything that runs Batchdrop on one machine: the stack and the services it stands on."""
