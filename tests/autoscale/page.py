"""The pictures of docs/autoscale.md, drawn anew from the scenes: `python -m tests.autoscale.page` rewrites them."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.autoscale import formula
from tests.autoscale.chart import chart
from tests.autoscale.scene import scene
from tests.autoscale.scenes import DRAWN
from tests.fakes.clock import START

PAGE = Path(__file__).resolve().parents[2] / "docs" / "autoscale.md"
FIGURE = re.compile(r"(<!-- (picture|formula): (.+?) -->\n```\n)(?:(?!```).*\n)*(```)")


def drawn(name: str) -> str:
    """The picture of one scene."""
    with TemporaryDirectory() as folder, scene(Path(folder)) as stage:
        DRAWN[name](stage)
        return chart(stage.seen)


def example(name: str) -> str:
    """A formula as a pool is given it."""
    return formula(created=START, tasks=200, most=10, slots=4, spot=name == "spot").rstrip()


def renewed(text: str) -> str:
    """The page with every picture and formula as they are now."""
    return FIGURE.sub(lambda found: found[1] + block(found[2], found[3]) + "\n" + found[4], text)


def block(kind: str, name: str) -> str:
    return drawn(name) if kind == "picture" else example(name)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
