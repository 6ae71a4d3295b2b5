"""From the tasks' outputs to one result. Pure joiners, and the shells that read, stage, commit and publish."""
