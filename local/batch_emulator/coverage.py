"""The list of operations for the README: which are built, which answer 501."""

from collections.abc import Sequence

from local.batch_emulator.arm.door import ARM_ROUTES, ArmRoute
from local.batch_emulator.deeds import DEEDS
from local.batch_emulator.routes import BUILT, UNBUILT, Route


def coverage() -> str:
    """Give the list as Markdown."""
    built = [route for route in ARM_ROUTES if route.carry_out is not None]
    unbuilt = [route for route in ARM_ROUTES if route.carry_out is None]
    parts = [
        f"### Deeds ({len(DEEDS)})\n\n{', '.join(f'`{name}`' for name in DEEDS)}\n",
        _table("Built", BUILT),
        _table("Answered 501", UNBUILT),
        _table("Azure Resource Manager, built", built),
        _table("Azure Resource Manager, answered 501", unbuilt),
    ]
    return "\n".join(parts)


def _table(title: str, routes: Sequence[Route | ArmRoute]) -> str:
    rows = (f"| `{route.name}` | {route.method} | `{_short(route.path)}` |\n" for route in routes)
    return f"### {title} ({len(routes)})\n\n| operation | verb | path |\n|---|---|---|\n" + "".join(rows)


def _short(path: str) -> str:
    """Leave out what all paths of Azure Resource Manager begin with."""
    account = "/batchAccounts/{accountName}"
    return f"...{account}{path.partition(account)[2]}" if account in path else path
