"""The names that the service defines."""

SAMPLED = frozenset(
    {
        "$CPUPercent",
        "$WallClockSeconds",
        "$MemoryBytes",
        "$DiskBytes",
        "$DiskReadBytes",
        "$DiskWriteBytes",
        "$DiskReadOps",
        "$DiskWriteOps",
        "$NetworkInBytes",
        "$NetworkOutBytes",
        "$SampleNodeCount",
        "$ActiveTasks",
        "$RunningTasks",
        "$PendingTasks",
        "$SucceededTasks",
        "$FailedTasks",
        "$CurrentDedicatedNodes",
        "$CurrentLowPriorityNodes",
        "$PreemptedNodeCount",
        "$TaskSlotsPerNode",
        "$UsableNodeCount",
    }
)

DEDICATED = "$TargetDedicatedNodes"
LOW_PRIORITY = "$TargetLowPriorityNodes"
DEALLOCATION = "$NodeDeallocationOption"
ALIASES = {"$TargetDedicated": DEDICATED, "$TargetLowPriority": LOW_PRIORITY}
ASSIGNABLE = frozenset({DEDICATED, LOW_PRIORITY, DEALLOCATION, *ALIASES})

DEALLOCATION_OPTIONS = frozenset({"requeue", "terminate", "taskcompletion", "retaineddata"})

INTERVAL_SECONDS = {
    "TimeInterval_Zero": 0.0,
    "TimeInterval_100ns": 1e-7,
    "TimeInterval_Microsecond": 1e-6,
    "TimeInterval_Millisecond": 1e-3,
    "TimeInterval_Second": 1.0,
    "TimeInterval_Minute": 60.0,
    "TimeInterval_Hour": 3600.0,
    "TimeInterval_Day": 86400.0,
    "TimeInterval_Week": 604800.0,
    "TimeInterval_Year": 31536000.0,
}

TIMESTAMP_MEMBERS = frozenset({"year", "month", "day", "weekday", "hour", "minute", "second"})

ANY = 1000
# How many arguments each function and each method of a sampled variable takes: least and most.
FUNCTIONS = {
    "avg": (1, ANY),
    "ceil": (1, ANY),
    "floor": (1, ANY),
    "len": (0, ANY),
    "lg": (1, ANY),
    "ln": (1, ANY),
    "log": (1, ANY),
    "max": (1, ANY),
    "min": (1, ANY),
    "norm": (1, ANY),
    "percentile": (2, 2),
    "rand": (0, 0),
    "range": (1, ANY),
    "round": (1, ANY),
    "std": (1, ANY),
    "stop": (0, 0),
    "sum": (0, ANY),
    "time": (0, 1),
    "val": (2, 2),
    "vec": (1, ANY),
}
METHODS = {
    "GetSample": (1, 3),
    "GetSamplePercent": (1, 2),
    "GetSamplePeriod": (0, 0),
    "Count": (0, 0),
    "HistoryBeginTime": (0, 0),
}
