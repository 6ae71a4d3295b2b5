"""One host at a time: a lease on a blob, which a killed host loses when its seconds are over."""

import logging
import time

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.storage.blob import BlobClient, BlobLeaseClient

log = logging.getLogger("Host.Locks")


class BlobLease:
    """A lock by the name of its blob. Whether it is held is told by the clock, so a silent storage loses it too."""

    def __init__(self, blob: BlobClient, seconds: int) -> None:
        self._blob = blob
        self._seconds = seconds
        self._lease: BlobLeaseClient | None = None
        self._until = 0.0

    @property
    def held(self) -> bool:
        """Whether this host surely has it now."""
        return self._lease is not None and time.monotonic() < self._until

    @property
    def seconds(self) -> int:
        """How long it outlives its holder."""
        return self._seconds

    def acquire(self) -> bool:
        """Take it if nobody has it."""
        try:
            self._blob.upload_blob(b"")
        except ResourceExistsError:
            log.debug("%s exists", self._blob.blob_name)
        except HttpResponseError as error:
            if error.status_code != 412:
                raise
        lease, asked = BlobLeaseClient(self._blob), time.monotonic()
        proposed = lease.id
        try:
            lease.acquire(self._seconds)
        except HttpResponseError as error:
            if error.status_code == 409:
                return False
            raise
        lease.id = proposed  # the client takes it from the answer, which may have broken off before it
        self._lease, self._until = lease, asked + self._seconds
        return True

    def renew(self) -> None:
        """Keep it for another period; lost when somebody else has it by now."""
        if self._lease is None:
            return
        asked, own = time.monotonic(), self._lease.id
        try:
            self._lease.renew()
        except HttpResponseError as error:
            if error.status_code not in (404, 409, 412):
                raise
            log.warning("lost the lock %s", self._blob.blob_name)
            self._lease = None
        else:
            self._lease.id = own
            self._until = asked + self._seconds

    def release(self) -> None:
        """Give it back, so that the next host need not wait; one try, as storage may be going down too."""
        lease, self._lease = self._lease, None
        if lease is not None:
            try:
                lease.release(retry_total=0, connection_timeout=1)
            except AzureError as error:
                log.warning("the lock %s was not released: %s", self._blob.blob_name, error)
