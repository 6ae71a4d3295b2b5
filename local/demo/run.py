"""The demo from start to finish."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from local.demo.findings import Finding, Remains, of_cancel, of_remains, of_result, of_success
from local.demo.ground import Ground, open_ground
from local.demo.options import Options
from local.demo.status import Status
from local.demo.watching import Disturbance, Watch
from local.demo.work import MANIFEST, Broken, cancel, count_alone, drop, make_text
from local.stack import Stack

Say = Callable[[str], None]
_TOP_LINES = 6


def run(options: Options, folder: Path, say: Say) -> bool:
    """Run one job on a stack in `folder`; whether everything that must hold does. Raises Broken, NotReady."""
    text = folder / "text.txt"
    make_text(text, options.size)
    say(f"made a text of {text.stat().st_size} bytes; starting the stack (logs: {folder / 'stack' / 'logs'})")
    with Stack(folder / "stack", say=say) as stack, open_ground(stack) as ground:
        drop(ground, text)
        say(f"dropped jobs/{MANIFEST}")
        watch = Watch(stack, ground, say, options.patience, disturbances(options, stack, ground))
        findings = list(follow(watch, options, text, folder))
    for finding in findings:
        say(f"  {'ok ' if finding.holds else 'NOT'}  {finding.text}")
    return all(finding.holds for finding in findings)


def disturbances(options: Options, stack: Stack, ground: Ground) -> list[Disturbance]:
    """What the command line asks to be done to the running job."""
    asked = []
    if options.kill_after is not None:
        asked.append(Disturbance(options.kill_after, "--kill-after", stack.kill_host))
    if options.cancel_after is not None:
        asked.append(Disturbance(options.cancel_after, "--cancel-after", lambda: cancel(ground)))
    return asked


def follow(watch: Watch, options: Options, text: Path, folder: Path) -> Iterator[Finding]:
    """Watch the job to its end and to the end of its clean-up, and look at everything it must have done."""
    final = watch.until(lambda status: status.final, "final")
    for disturbance in watch.disturbances:
        yield Finding(disturbance.done, f"{disturbance.option} {disturbance.after:g} came while the job was open")
    tell_why(final, watch.say)
    if final.job is None:
        yield Finding(False, "the manifest was rejected")
        return
    if options.cancel_after is not None:
        yield from of_cancel(final)
    else:
        yield from of_success(final, text.stat().st_size)
        yield from look_at_result(watch, final, text, folder)
    cleaned = watch.until(is_cleaned_up, "cleaned up")
    yield from look_at_remains(watch, cleaned, final.job)


def tell_why(status: Status, say: Say) -> None:
    """Print why a job did not go well."""
    for line in (*status.problems, *([status.failure] if status.failure else [])):
        say(f"  {line}")


def look_at_result(watch: Watch, final: Status, text: Path, folder: Path) -> Iterator[Finding]:
    """Show the result and compare it."""
    if final.state != "succeeded" or final.result is None:
        yield Finding(False, "there is a result")
        return
    result = json.loads(must_have(watch.ground, f"results/{final.job}/result.json"))
    merged = must_have(watch.ground, final.result)
    show(result, merged, watch.say)
    yield from of_result(merged, count_alone(text, folder), result["result"])


def show(result: dict[str, Any], merged: bytes, say: Say) -> None:
    """The highlights of result.json, and the top of the result itself."""
    made, tasks, runs = result["result"], result["tasks"], result["attempts"]["runs"]
    say(f"result.json: {result['state']}, {tasks['succeeded']} of {tasks['total']} tasks succeeded in {runs} runs")
    say(f"    {made['path']}: {made['bytes']} bytes, {made['records']} records, merged by {made['mergedBy']}")
    for line in merged.decode().splitlines()[:_TOP_LINES]:
        say(f"    {line}")
    say("    ...")


def look_at_remains(watch: Watch, cleaned: Status, job: str) -> Iterator[Finding]:
    """Ask storage and Batch themselves what is left."""
    yield Finding(cleaned.cleaned is not None, f"pool and Batch job proved gone at {cleaned.cleaned}")
    receipt = watch.ground.download(f"results/{job}/receipt.json")
    yield Finding(receipt is not None, f"results/{job}/receipt.json is there")
    remains = Remains(watch.ground.containers(), watch.ground.jobs(), watch.ground.pools())
    watch.say(f"containers: {', '.join(remains.containers)}")
    watch.say(f"Batch jobs: {', '.join(remains.jobs) or 'none'}; pools: {', '.join(remains.pools) or 'none'}")
    yield from of_remains(job, remains, cleaned)


def is_cleaned_up(status: Status) -> bool:
    """Everything deleted; of a job that did not go well, everything but what is kept until a date."""
    return status.cleanup.state == "done" or (status.cleanup.state == "retained" and not status.complete)


def must_have(ground: Ground, path: str) -> bytes:
    """The content of a blob that the contract promises."""
    content = ground.download(path)
    if content is None:
        raise Broken(f"{path} is promised, and is not there")
    return content
