"""The far end of an inquiry: reads one request, says how far it is, answers, and ends."""

import argparse
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from core.dataset.choice import DataChoice
from core.dataset.files.hub import open_hub
from core.dataset.files.source import Source, find_source, open_files, open_source
from core.dataset.health import Tell
from core.dataset.load import Opened, inspect, open_up, read_rows
from core.dataset.rendered import RenderedRow
from core.dataset.report import Report
from core.dataset.versions.mending import Mended, mend
from core.errors import UserError
from core.job.speeds import Speeds
from core.store.store import Store
from core.strategy.lengths import LONGEST, room_of
from core.strategy.machine import probe
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan
from core.strategy.speed import Speed

_PAUSE = 0.1
"""Seconds between two words on how far it is."""

Task = Callable[[Mapping[str, Any], Path, Tell], Any]


def _take(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401 - JSON
    """Files are copied into the home folder; answers with what they look like."""
    tell("reading the file", 0.0)
    paths = [Path(path) for path in request["paths"]]
    source = open_files(paths, home) if len(paths) > 1 else open_source(request["paths"][0], home)
    tell("finding out what the columns are", 0.6)
    return TypeAdapter(Opened).dump_python(open_up(source), mode="json")


def _fetch(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401 - JSON
    """A data set of the hub is copied into the home folder; answers with what it looks like."""
    tell("fetching from the hub", 0.0)
    source = open_hub(request["id"], home, request["config"], request["split"])
    return TypeAdapter(Opened).dump_python(open_up(source), mode="json")


def _check(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with a report."""
    choice = DataChoice(**request["choice"])
    report = inspect(find_source(choice.source, home), choice, room=room_of(request["model"]), tell=tell)
    return TypeAdapter(Report).dump_python(report, mode="json")


def _render(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with the wanted rows as the model will see them."""
    tell("loading the tokenizer", 0.2)
    from core.backend.render import render_rows

    examples = read_rows(DataChoice(**request["choice"]), home, request["rows"])
    room = min(read_facts(request["model"]).context, LONGEST)
    rows = render_rows(request["model"], examples, room)
    return TypeAdapter(list[RenderedRow]).dump_python(rows, mode="json")


def _mend(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with the new reading and what was done."""
    room = room_of(request["model"])

    def check(source: Source, choice: DataChoice) -> Report:
        return inspect(source, choice, room=room, tell=tell)

    wanted = [(finding, name) for finding, name in request["wanted"]]
    mended = mend(DataChoice(**request["choice"]), wanted, home, check)
    return TypeAdapter(Mended).dump_python(mended, mode="json")


def _probe(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with how fast the plan trains here, which is kept as well."""
    began = time.monotonic()
    tell("loading the training libraries", 0.0)
    plan, machine = Plan(**request["plan"]), probe(home)
    from core.backend.probe import measure_speed

    speed = measure_speed(plan, home, machine, tell, began)
    store = Store(home)
    Speeds(store).keep(plan, machine, speed)
    store.close()
    return TypeAdapter(Speed).dump_python(speed, mode="json")


TASKS: Mapping[str, Task] = {
    "take": _take,
    "fetch": _fetch,
    "check": _check,
    "mend": _mend,
    "render": _render,
    "probe": _probe,
}


def main() -> None:
    """Answer the request on standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args().home
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is not an answer
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_asker, daemon=True).start()

    def say(**words: Any) -> None:  # noqa: ANN401 - JSON
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    last = 0.0

    def tell(about: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= _PAUSE:
            last = time.monotonic()
            say(about=about, share=share)

    try:
        say(answer=TASKS[request["task"]](request, home, tell))
    except UserError as error:
        say(kind=type(error).__name__, **error.as_json())
    except MemoryError:
        traceback.print_exc()
        problem = UserError("There is too little memory for these rows.", "Close other programs, or take fewer rows.")
        say(kind="MachineError", **problem.as_json())


def _end_with_the_asker() -> None:
    sys.stdin.read()  # until nobody holds the other end any more
    os._exit(1)


if __name__ == "__main__":
    main()
