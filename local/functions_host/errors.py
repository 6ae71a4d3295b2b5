"""What can end a start or a run in a way that the people at the keyboard should read."""


class Refused(Exception):
    """The app, its host.json or its settings are wrong, or ask for what this host cannot do.

    The message names the place and the fix; the process ends with exit code 2 before any listener starts.
    """


class WorkerRestarted(Exception):
    """This invocation ended because another one passed functionTimeout and took the process with it."""


class FunctionTimedOut(Exception):
    """This invocation ran longer than functionTimeout."""
