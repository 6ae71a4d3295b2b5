"""A file's bytes to its tree: size, encoding, YAML or JSON, and a mapping at the top."""

from __future__ import annotations

from shared.manifest.findings import syntax_error
from shared.manifest.json_text import read_json
from shared.manifest.nodes import MapNode, Mark, described
from shared.manifest.yaml_text import place_of, read_yaml

LARGEST = 1024 * 1024
_BOM = b"\xef\xbb\xbf"


def read_document(raw: bytes, *, json: bool = False) -> MapNode:
    """The top mapping of a file; Rejected (syntax problems alone) when there is none."""
    if len(raw) > LARGEST:
        message = f"the file has {len(raw)} bytes; at most {LARGEST} (1 MiB) are read"
        raise syntax_error(None, "size", message, "put the items in a blob, one a line, and name it as input.blob")
    text = _decoded(raw)
    tree = read_json(text) if json else read_yaml(text)
    if tree is None:
        raise syntax_error(Mark(1, 1), "empty", "the file holds nothing", "write version, container and input")
    if not isinstance(tree, MapNode):
        fix = "begin with `version: 1`, one field a line"
        raise syntax_error(tree.mark, "type", f"the file must be a mapping of fields, not {described(tree)}", fix)
    return tree


def _decoded(raw: bytes) -> str:
    start = len(_BOM) if raw.startswith(_BOM) else 0
    try:
        return raw[start:].decode("utf-8")
    except UnicodeDecodeError as error:
        offset = start + error.start
        before = raw[start:offset].decode("utf-8")
        mark = place_of(before, len(before))
        message = f"not UTF-8: byte {raw[offset]:#04x} at offset {offset}"
        raise syntax_error(mark, "encoding", message, "save the file as UTF-8") from error
