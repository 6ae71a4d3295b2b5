"""The list of operations for the README: which are built, which answer 501."""

from local.batch_emulator.routes import BUILT, UNBUILT, Route


def coverage() -> str:
    """Give the list as Markdown."""
    return f"### Built ({len(BUILT)})\n\n{_table(BUILT)}\n### Answered 501 ({len(UNBUILT)})\n\n{_table(UNBUILT)}"


def _table(routes: tuple[Route, ...]) -> str:
    rows = (f"| `{route.name}` | {route.method} | `{route.path}` |\n" for route in routes)
    return "| operation | verb | path |\n|---|---|---|\n" + "".join(rows)
