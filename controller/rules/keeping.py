"""The row that keeps what a job holds from lapsing while it is open, before the verdict and after it. Pure."""

from __future__ import annotations

from datetime import timedelta

from controller.rights import LASTS, RENEWED_EVERY
from controller.rules.case import Case, Decision, Row
from shared.actions import RenewRights


def renew(case: Case) -> Decision | None:
    """Long before it lapses, so that a controller that was away for days is not too late."""
    record = case.record
    if record.containers is None or record.containers_gone is not None:
        return None
    if record.expires is not None and case.now < record.expires - LASTS + RENEWED_EVERY:
        return None
    return case.wait(timedelta(0), RenewRights(), expires=case.now + LASTS)


ROWS = (Row("renew rights", "given a day ago, and the containers are there", "move them on", "expires", renew),)
