"""Manifest section `container`: the image and what it is told."""

from __future__ import annotations

import re

from shared.manifest.findings import Wrong
from shared.manifest.machines import vm_size
from shared.manifest.models import ContainerImage, SideContainer
from shared.manifest.nodes import ListNode, Node, shortened
from shared.manifest.section import Reader, Section
from shared.manifest.values import matching, text

FIELDS = ("image", "command", "args", "workingDirectory", "environment", "secrets")
SIDE_FIELDS = ("image", "command", "args", "environment", "secrets", "vmSize")
LARGEST_VALUE = 4096
MOST_VARIABLES = 50
MOST_SECRETS = 20
MOST_WORDS = 10_000
LONGEST_IMAGE = 500

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?", re.ASCII)
"""Begins with a letter or digit: one that begins with a hyphen would be an option of docker's."""
_STEP = re.compile(r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OURS = ("BATCHDROP_", "AZ_BATCH_")
_STEERS = re.compile(r"PATH|IFS|ENV|BASH_ENV|SHELLOPTS|PS4|LD_\w+|TAR_OPTIONS|TMPDIR|PYTHON(PATH|HOME|STARTUP|INSPECT)")
"""What sh, tar and python3 on the node take orders from."""
_secret_name = matching(r"[A-Za-z0-9-]{1,127}", "a Key Vault secret's name", "use letters, digits and hyphens")


def read_container(section: Section) -> ContainerImage:
    """The container as stated."""
    command, args = (section.read_each(name, text, MOST_WORDS) for name in ("command", "args"))
    if section.stated("command") and not section.children("command"):
        section.get("command", _no_words, None)
    return ContainerImage(
        image=section.require("image", image_name, "", "name the image, such as registry.example/name:1.0"),
        command=command if section.stated("command") else None,
        args=args if section.stated("args") else None,
        working_directory=section.get("workingDirectory", _working_directory, None),
        environment=_variables(section.free("environment", MOST_VARIABLES), _value),
        secrets=_secrets(section),
    )


def read_side(parent: Section, goes: bool, way: str) -> SideContainer | None:
    """`split.container` or `merge.container`; `goes`: the manifest says `by: container` there."""
    section = parent.section("container", SIDE_FIELDS)
    if not goes:
        parent.misplaced("container", f"goes only with {way}.by: container")
        return None
    if not parent.stated("container"):
        parent.note("container", Wrong("required", "is missing", f"say {way}.container: {{image, command, args}}"))
    command, args = (section.read_each(name, text, MOST_WORDS) for name in ("command", "args"))
    return SideContainer(
        image=section.get("image", image_name, None),
        command=command if section.stated("command") else None,
        args=args if section.stated("args") else None,
        environment=_variables(section.free("environment", MOST_VARIABLES), _value),
        secrets=_secrets(section),
        vm_size=section.get("vmSize", vm_size, None),
    )


def _no_words(node: Node) -> None:
    if isinstance(node, ListNode):
        raise Wrong("range", "must hold at least one word", "leave it out to use the image's ENTRYPOINT")


def image_name(node: Node) -> str:
    """An image reference: [host/]name[:tag][@sha256:digest]."""
    value = text(node)
    if len(value) > LONGEST_IMAGE or not _is_image(value):
        fix = "write registry/name:tag in lower case, without https://"
        raise Wrong("pattern", f"must be the name of a container image, not {shortened(value)}", fix)
    return value


def _is_image(value: str) -> bool:
    name, at, digest = value.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return False
    folder, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        return False
    steps = f"{folder}{slash}{last}".split("/")
    has_host = len(steps) > 1 and (any(c in steps[0] for c in ".:") or steps[0] == "localhost")
    if has_host and not _HOST.fullmatch(steps[0]):
        return False
    return all(_STEP.fullmatch(step) for step in steps[has_host:])


def has_tag(image: str) -> bool:
    """Whether an image name says which version it means: by tag or digest."""
    return "@" in image or ":" in image.rpartition("/")[2]


def _working_directory(node: Node) -> str | None:
    value = text(node)
    if value != "image" and not re.fullmatch(r"/[^\x00-\x1f\x7f]*", value):
        fix = "write a path in the container that begins with a slash, or image for the image's own WORKDIR"
        raise Wrong("pattern", f"must be an absolute path or image, not {shortened(value)}", fix)
    return value


def _secrets(section: Section) -> dict[str, str]:
    secrets = section.free("secrets", MOST_SECRETS)
    for name, _ in section.children("environment"):
        if secrets.stated(name):
            secrets.note_key(name, Wrong("collision", "stands in container.environment too", "keep one of the two"))
    for name in secrets.names():
        if _STEERS.fullmatch(name):
            message = f"{shortened(name)} would steer the programs that prepare the node, which see the secrets too"
            secrets.note_key(name, Wrong("reservedName", message, "choose another name, and let the program read that"))
    return _variables(secrets, _secret_name)


def _variables(section: Section, reader: Reader[str]) -> dict[str, str]:
    for name in section.names():
        _check_variable(section, name)
    return {name: section.get(name, reader, "") for name in section.names()}


def _value(node: Node) -> str:
    value = text(node)
    length = len(value.encode())
    if length > LARGEST_VALUE:
        fix = "put long data into config"
        raise Wrong("range", f"has {length} bytes; at most {LARGEST_VALUE} are allowed", fix)
    return value


def _check_variable(section: Section, name: str) -> None:
    if not _VARIABLE.fullmatch(name):
        meaning = f"a variable's name must be letters, digits and _, not {shortened(name)}"
        section.note_key(name, Wrong("pattern", meaning, "begin with a letter or _"))
    elif name.upper().startswith(_OURS):
        wrong = Wrong("reservedName", f"{shortened(name)} begins with a reserved prefix", "choose another name")
        section.note_key(name, wrong)
