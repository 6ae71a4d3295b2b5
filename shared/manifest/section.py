"""One mapping of the file, read field by field. What is wrong is noted and read as the default, and reading goes on."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple, TypeVar

from shared.manifest.findings import Findings, Wrong
from shared.manifest.nodes import Entry, ListNode, MapNode, Mark, Node, Scalar, described, shortened
from shared.manifest.yaml_text import joined

T = TypeVar("T")
D = TypeVar("D")
Reader = Callable[[Node], T]


class Field(NamedTuple):
    """A value, its dotted path, and the place a problem with it is told at.

    That is the value itself, or for lists and mappings their key: a block begins on the line after it.
    """

    path: str
    node: Node
    mark: Mark | None


class Section:
    """A mapping of known fields. An absent one is a Section without fields at its parent's place."""

    def __init__(
        self, path: str, entries: dict[str, Entry], mark: Mark | None, findings: Findings, *, complete: bool = True
    ) -> None:
        self.path = path
        self.mark = mark
        self.findings = findings
        self._complete = complete and not findings.partial
        self._entries = dict(entries)

    @classmethod
    def of(cls, field: Field, findings: Findings) -> Section:
        """A field as a mapping, without a word about what is wrong with it."""
        if isinstance(field.node, MapNode):
            return cls(field.path, field.node.entries, field.mark, findings)
        return cls(field.path, {}, field.mark, findings, complete=False)

    # -------------------------------------------------------------------------------- what is there

    def stated(self, name: str) -> bool:
        """Whether the field is there, be it in the file or among the policy's defaults."""
        return name in self._entries

    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def field(self, name: str) -> Field | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        mark = entry.node.mark if isinstance(entry.node, Scalar) else entry.key_mark
        return Field(joined(self.path, name), entry.node, mark)

    def lacks(self, *names: str) -> bool:
        """Whether none of the fields is there, and should be: not so in a partial file, nor in what is no mapping."""
        return self._complete and not any(map(self.stated, names))

    def says(self, name: str, value: str) -> bool:
        """Whether the field is there and has just this value."""
        entry = self._entries.get(name)
        return entry is not None and isinstance(entry.node, Scalar) and entry.node.value == value

    def drop(self, name: str) -> None:
        """Forget a field."""
        self._entries.pop(name, None)

    def from_policy(self, name: str) -> bool:
        entry = self._entries.get(name)
        return entry is not None and entry.node.mark is None

    # -------------------------------------------------------------------------------- problems

    def note(self, name: str, wrong: Wrong) -> None:
        """Note a problem at a field, or, when it is absent, at this section, under the field's path."""
        field = self.field(name)
        mark = field.mark if field else self.mark
        self.findings.note(joined(self.path, name), mark, wrong, from_policy=self.from_policy(name))

    def note_key(self, name: str, wrong: Wrong) -> None:
        """Note a problem with the name of a field."""
        key_mark = self._entries[name].key_mark
        self.findings.note(joined(self.path, name), key_mark, wrong, from_policy=self.from_policy(name))

    def note_self(self, wrong: Wrong) -> None:
        self.findings.note(self.path, self.mark, wrong)

    def only(self, names: tuple[str, ...]) -> Section:
        """Note each field that is none of `names`."""
        for name in self._entries:
            if name not in names:
                near = [] if self.findings.full else get_close_matches(name, names, 1, 0.6)
                fix = f"did you mean {near[0]}?" if near else f"leave it out; here may stand {', '.join(names)}"
                self.note_key(name, Wrong("unknownField", f"there is no field {shortened(name)} here", fix))
        return self

    # -------------------------------------------------------------------------------- reading

    def get(self, name: str, reader: Reader[T], default: D) -> T | D:
        """The field's value, or `default` when it is absent or wrong."""
        entry = self._entries.get(name)
        if entry is None:
            return default
        try:
            return reader(entry.node)
        except Wrong as wrong:
            self.note(name, wrong)
            return default

    def require(self, name: str, reader: Reader[T], default: D, fix: str) -> T | D:
        """As `get`, but absence is a problem."""
        if self.lacks(name):
            self.note(name, Wrong("required", "is missing", fix))
        return self.get(name, reader, default)

    def misplaced(self, name: str, message: str, fix: str = "leave it out") -> None:
        """Note that a stated field does not go with the rest. A default that does not go with it is just not used."""
        if self.from_policy(name):
            self.drop(name)
        elif self.stated(name) and not self.findings.partial:
            self.note(name, Wrong("onlyWith", message, fix))

    def section(self, name: str, names: tuple[str, ...]) -> Section:
        """The mapping under `name`, whose fields are `names`; without fields when absent or no mapping."""
        self.get(name, mapping, None)
        return self.look(name).only(names)

    def look(self, name: str) -> Section:
        """As `section`, for a second reading: nothing is noted."""
        field = self.field(name)
        return Section.of(field, self.findings) if field else self._absent(name)

    def _absent(self, name: str) -> Section:
        return Section(joined(self.path, name), {}, self.mark, self.findings)

    def each(self, name: str, most: int | None = None) -> tuple[Field, ...]:
        """The elements of the list under `name`; none when absent, no list, or longer than `most`."""
        readable = self.get(name, elements_up_to(most), None)
        return tuple(field for _, field in self.children(name)) if readable else ()

    def read_each(self, name: str, reader: Reader[T], most: int | None = None) -> tuple[T, ...]:
        """The values of the list under `name`, without the wrong ones."""
        return tuple(value for field in self.each(name, most) for value in read(field, reader, self.findings))

    def free(self, name: str, most: int) -> Section:
        """The mapping under `name`, whose keys are the user's; empty when absent, no mapping, or over `most`."""
        entries = self.get(name, entries_up_to(most), None)
        return self.look(name) if entries else self._absent(name)

    def children(self, name: str) -> tuple[tuple[str, Field], ...]:
        """What stands in the list or free mapping under `name`, by index or key; nothing is checked."""
        field = self.field(name)
        if field is None or isinstance(field.node, Scalar):
            return ()
        if isinstance(field.node, ListNode):
            return tuple(
                (str(index), Field(f"{field.path}[{index}]", node, node.mark))
                for index, node in enumerate(field.node.elements)
            )
        inner = Section.of(field, self.findings)
        found = ((key, inner.field(key)) for key in inner.names())
        return tuple((key, child) for key, child in found if child)


def read(field: Field, reader: Reader[T], findings: Findings) -> tuple[T, ...]:
    """The value of one field, or nothing when it is wrong (which is noted)."""
    try:
        return (reader(field.node),)
    except Wrong as wrong:
        findings.note(field.path, field.mark, wrong, from_policy=field.node.mark is None)
        return ()


def section_of(field: Field, names: tuple[str, ...], findings: Findings) -> Section:
    """A field as a mapping of the fields `names`."""
    read(field, mapping, findings)
    return Section.of(field, findings).only(names)


def mapping(node: Node) -> dict[str, Entry]:
    if isinstance(node, MapNode):
        return node.entries
    raise Wrong("type", f"must be a mapping, not {described(node)}", "write its fields, one a line, indented below it")


def entries_up_to(most: int) -> Reader[dict[str, Entry]]:
    """A mapping of at most `most` entries."""

    def reader(node: Node) -> dict[str, Entry]:
        entries = mapping(node)
        if len(entries) > most:
            raise Wrong("range", f"has {len(entries)} entries; at most {most} are allowed", "remove some")
        return entries

    return reader


def elements_up_to(most: int | None) -> Reader[list[Node]]:
    """A list of at most `most` elements."""

    def reader(node: Node) -> list[Node]:
        if not isinstance(node, ListNode):
            fix = "write it as [a, b], or one element a line, each after `- `"
            raise Wrong("type", f"must be a list, not {described(node)}", fix)
        if most is not None and len(node.elements) > most:
            raise Wrong("range", f"has {len(node.elements)} elements; at most {most} are allowed", "remove some")
        return node.elements

    return reader
