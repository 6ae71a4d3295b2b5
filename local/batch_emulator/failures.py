"""Every error the service answers with: its code, its HTTP status and its sentence."""

from collections.abc import Mapping

from local.batch_emulator.faults import Fault

CATALOGUE: Mapping[str, tuple[int, str]] = {
    "ConditionNotMet": (412, "The condition given by the request's headers does not hold."),
    "MissingRequiredHeader": (400, "A header this request needs is missing."),
    "MissingRequiredProperty": (400, "A property the request body needs is missing."),
    "MissingRequiredQueryParameter": (400, "A query parameter this request needs is missing."),
    "UnsupportedQueryParameter": (400, "The request has a query parameter this operation does not take."),
    "UnsupportedRequestVersion": (400, "This api-version is not supported."),
    "InvalidHeaderValue": (400, "The value of a header is not valid."),
    "InvalidPropertyValue": (400, "The value of a property in the request body is not valid."),
    "InvalidQueryParameterValue": (400, "The value of a query parameter is not valid."),
    "OutOfRangeQueryParameterValue": (400, "The value of a query parameter is out of range."),
    "InvalidInput": (400, "The request is not valid as it stands."),
    "InvalidRequestBody": (400, "The request body cannot be read."),
    "InvalidUri": (400, "The address names no resource of the service."),
    "InvalidAuthenticationInfo": (400, "The Authorization header cannot be read."),
    "MultipleConditionHeadersNotSupported": (400, "These condition headers cannot be used together."),
    "InvalidAutoScalingSettings": (400, "The automatic scaling settings are not valid."),
    "AutoScalingFormulaSyntaxError": (400, "The automatic scaling formula has a syntax error."),
    "AutoScalingFormulaTooLong": (400, "The automatic scaling formula is longer than 8192 characters."),
    "TaskDependenciesNotSpecifiedOnJob": (400, "The job does not use task dependencies."),
    "AuthenticationFailed": (403, "The request could not be authenticated; check the Authorization header."),
    "InsufficientAccountPermissions": (403, "The account is not permitted to do this."),
    "AccountIsDisabled": (403, "The account is disabled."),
    "ResourceNotFound": (404, "The resource does not exist."),
    "PoolNotFound": (404, "The pool does not exist."),
    "NodeNotFound": (404, "The node does not exist."),
    "JobNotFound": (404, "The job does not exist."),
    "TaskNotFound": (404, "The task does not exist."),
    "FileNotFound": (404, "The file does not exist."),
    "NodeAgentSKUNotFound": (404, "The node agent SKU does not exist."),
    "UnsupportedHttpVerb": (405, "The resource does not take this HTTP verb."),
    "PoolExists": (409, "A pool with this id exists already."),
    "JobExists": (409, "A job with this id exists already."),
    "TaskExists": (409, "A task with this id exists already."),
    "PoolBeingDeleted": (409, "The pool is being deleted."),
    "PoolBeingResized": (409, "The pool is being resized."),
    "JobBeingDeleted": (409, "The job is being deleted."),
    "JobBeingTerminated": (409, "The job is being terminated."),
    "JobCompleted": (409, "The job is completed."),
    "JobNotActive": (409, "The job is not active."),
    "JobPreparationTaskNotSpecified": (409, "The job has no job preparation task."),
    "OperationInvalidForCurrentState": (409, "The resource's present state does not allow this."),
    "TaskCompleted": (409, "The task is completed."),
    "TaskNotCompleted": (409, "The task is not completed."),
    "TaskSucceeded": (409, "The task succeeded."),
    "TaskFilesUnavailable": (409, "The files of the task are not available."),
    "TaskFilesCleanedup": (409, "The files of the task were removed from the node."),
    "NodeStateUnusable": (409, "The node is unusable."),
    "NodeAlreadyInTargetSchedulingState": (409, "The node has this scheduling state already."),
    "ActiveJobAndScheduleQuotaReached": (409, "The account's quota of active jobs and job schedules is reached."),
    "PoolQuotaReached": (409, "The account's quota of pools is reached."),
    "RequestBodyTooLarge": (413, "The request body is too large."),
    "InvalidRange": (416, "The range lies outside the file."),
    "InternalError": (500, "The service met an internal error; try again."),
    "OperationTimedOut": (500, "The operation took too long."),
    "NotImplemented": (501, "This emulator does not carry this out."),
    "ServerBusy": (503, "The service is busy; try again."),
    "TooManyEnableAutoScaleRequests": (503, "Automatic scaling was enabled on this pool less than 30 seconds ago."),
}


class BatchError(Exception):
    """A request the service refuses. `values` become the error's key and value pairs."""

    def __init__(self, code: str, message: str = "", status: int | None = None, **values: str) -> None:
        known_status, known_message = CATALOGUE.get(code, (500, code))
        self.code = code
        self.status = status or known_status
        self.message = message or known_message
        self.values = values
        super().__init__(f"{code}: {self.message}")


def strike(fault: Fault | None) -> None:
    """Raise the refusal that was arranged for a call, if any."""
    if fault is not None:
        values = {} if fault.retry_after is None else {"retry_after": str(fault.retry_after)}
        raise BatchError(fault.code, status=fault.status, **values)


def bad_value(name: str, value: object, reason: str) -> BatchError:
    """Say which property of the body has which bad value, and why it is one."""
    return BatchError("InvalidPropertyValue", PropertyName=name, PropertyValue=str(value)[:200], Reason=reason)


def missing(name: str) -> BatchError:
    """Say which property of the body is missing."""
    return BatchError("MissingRequiredProperty", PropertyName=name)


def not_built(name: str) -> BatchError:
    """Refuse, by name, what the service has and this emulator has not."""
    return BatchError("NotImplemented", f"This emulator does not carry out {name}.", Reason=name)
