"""Containers: made, shown, deleted (for 30 seconds), and who may do what in them."""

import re
from xml.etree.ElementTree import Element, ParseError, fromstring

from local.in_process.exchange import Answer
from local.strict_store.call import Call, said, versioned
from local.strict_store.refusals import Refusal, require
from local.strict_store.signatures import moment
from local.strict_store.state import DELETING, Container, Policy

NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9])+")
MOST_POLICIES = 5


def create(call: Call) -> Answer:
    """409 while one of that name is there, or on its way out."""
    check_name(call.container)
    account = call.account
    require(call.container not in account.containers, 409, "ContainerAlreadyExists", "It is there already.")
    left = account.deleting.get(call.container)
    require(left is None or call.now >= left, 409, "ContainerBeingDeleted", "The container is being deleted.")
    made = Container(account.etag(), call.now, call.metadata)
    account.containers[call.container] = made
    return said(201, versioned(made.etag, made.modified))


def show(call: Call) -> Answer:
    found = call.account.container(call.container)
    meta: dict[str, str | None] = {f"x-ms-meta-{name}": value for name, value in found.metadata.items()}
    state: dict[str, str | None] = {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
    return said(200, {**versioned(found.etag, found.modified), **state, **meta})


def delete(call: Call) -> Answer:
    """Its blobs are gone at once; its name is free again half a minute later."""
    call.account.container(call.container)
    call.account.number()
    del call.account.containers[call.container]
    call.account.deleting[call.container] = call.now + DELETING
    return said(202)


def set_metadata(call: Call) -> Answer:
    """All of it at once."""
    found = call.account.container(call.container)
    found.metadata = call.metadata
    found.etag, found.modified = call.account.etag(), call.now
    return said(200, versioned(found.etag, found.modified))


def set_policies(call: Call) -> Answer:
    """All stored access policies at once, five at most."""
    found = call.account.container(call.container)
    policies = dict(map(read_policy, xml(call.body).iter("SignedIdentifier")) if call.body else ())
    require(len(policies) <= MOST_POLICIES, 400, "InvalidInput", "A container has five access policies at most.")
    found.policies = policies
    found.etag, found.modified = call.account.etag(), call.now
    return said(200, versioned(found.etag, found.modified))


def read_policy(item: Element) -> tuple[str, Policy]:
    name = item.findtext("Id") or ""
    require(0 < len(name) <= 64, 400, "InvalidXmlDocument", "An access policy needs an Id of 64 characters at most.")
    start, expiry = (moment(item.findtext(f"AccessPolicy/{field}")) for field in ("Start", "Expiry"))
    return name, Policy(start, expiry, item.findtext("AccessPolicy/Permission") or None)


def xml(body: bytes) -> Element:
    """The root of a request's document."""
    try:
        return fromstring(body)  # noqa: S314 - sent by this process's own tests
    except ParseError as error:
        raise Refusal(400, "InvalidXmlDocument", str(error)) from error


def check_name(name: str) -> None:
    """3 to 63 lower-case letters, digits and single hyphens, none at an end."""
    require(3 <= len(name) <= 63, 400, "OutOfRangeInput", f"{name} has not between 3 and 63 characters.")
    require(NAME.fullmatch(name), 400, "InvalidResourceName", f"{name} holds characters that a name may not.")
