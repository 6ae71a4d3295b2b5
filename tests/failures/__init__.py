"""Every way a job waits or fails: what goes wrong, what a person reads then, what he can do. The page is made of it."""
