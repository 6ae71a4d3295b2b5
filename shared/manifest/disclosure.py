"""Keys, signatures and passwords that somebody wrote into a manifest: found, refused, and never said again.

Only what can be told by its shape. What is found is taken out of the tree before anything else reads it, so that no
problem, status or log repeats it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from shared.errors import Problem, Rejected
from shared.manifest.findings import Findings, Wrong
from shared.manifest.nodes import Entry, ListNode, MapNode, Mark, Node, Scalar
from shared.manifest.yaml_text import joined

HIDDEN = "(hidden)"
_WORD = r"[A-Za-z0-9%+/=_-]"
_SHAPES = (
    ("a shared access signature", re.compile(rf"(?<![A-Za-z0-9])sig={_WORD}{{20}}", re.IGNORECASE)),
    (
        "an account key",
        re.compile(
            rf"(?:AccountKey|SharedAccessKey|SharedAccessSignature)\s{{0,8}}=\s{{0,8}}{_WORD}{{16}}", re.IGNORECASE
        ),
    ),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")),
    ("a password in an address", re.compile(r"://[^\s/:@]{1,200}:[^\s/:@]{1,200}@")),
)
_KEY = re.compile(r"[A-Za-z0-9+/]{86}==")
"""64 bytes in base64: the key of an account of Storage or Batch, and also any SHA-512."""
_DATA = ("input", "config")
"""There a SHA-512 is more likely than a key."""
_REMAINS = re.compile(
    r"(sig|AccountKey|SharedAccessKey|SharedAccessSignature)(\s*=\s*)[^\s&;'\"]+", re.IGNORECASE | re.ASCII
)
FIX = (
    "renew it, as whoever may read the drop box has seen it; keep it in the Key Vault and name it in "
    "container.secrets; blobs of the work account need none"
)


def hide(tree: MapNode, findings: Findings) -> None:
    """Note each value (or key of a mapping) that holds a secret, and put `(hidden)` in its place."""
    _hide_keys(tree, "", findings)
    for name, entry in tree.entries.items():
        _visit(entry.node, name, name in _DATA, findings)


def scrubbed(rejected: Rejected) -> Rejected:
    """The same problems without what looks like a secret: a syntax error repeats a piece of the file."""
    return Rejected(tuple(_scrubbed(problem) for problem in rejected.problems))


def _visit(node: Node, path: str, data: bool, findings: Findings) -> None:
    if isinstance(node, Scalar):
        kind = _kind(node.value, data) if isinstance(node.value, str) else None
        if kind:
            node.value = HIDDEN
            _note(path, node.mark, kind, findings)
    elif isinstance(node, ListNode):
        for index, each in enumerate(node.elements):
            if not isinstance(each, Scalar) or isinstance(each.value, str):
                _visit(each, f"{path}[{index}]", data, findings)
    else:
        _hide_keys(node, path, findings)
        for name, entry in node.entries.items():
            _visit(entry.node, joined(path, name), data, findings)


def _hide_keys(node: MapNode, path: str, findings: Findings) -> None:
    """A key is part of the paths below it, and so is taken out before them."""
    for name in list(node.entries):
        kind = _kind(name, data=False)
        if kind:
            entry = node.entries.pop(name)
            node.entries[f"{HIDDEN} {len(node.entries)}"] = Entry(entry.key_mark, entry.node)
            _note(path, entry.key_mark, kind, findings)


def _kind(text: str, data: bool) -> str | None:
    for kind, shape in _SHAPES:
        if shape.search(text):
            return kind
    return "an account key" if not data and _KEY.fullmatch(text.strip()) else None


def _note(path: str, mark: Mark | None, kind: str, findings: Findings) -> None:
    findings.note(path, mark, Wrong("secret", f"holds {kind}, which no manifest may", FIX))
    findings.silence(path)


def _scrubbed(problem: Problem) -> Problem:
    path, message = (_without(text) for text in (problem.path, problem.message))
    return replace(problem, path=path, message=message)


def _without(text: str) -> str:
    return _REMAINS.sub(rf"\1\2{HIDDEN}", text)
