"""The far end of an inquiry: reads one request, says how far it is, answers, and ends."""

import argparse
import json
import os
import signal
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
from core.dataset.load import Opened, inspect, load, open_up, read_rows
from core.dataset.progress import Steps, Tell
from core.dataset.rendered import RenderedRow
from core.dataset.report import Report
from core.dataset.splits.ahead import keep_split
from core.dataset.versions.mending import Mended, mend
from core.errors import UserError
from core.evaluate.prompted import try_prompts
from core.evaluate.prompting import PromptedRows, Prompting
from core.export.hub import Destination, Pushed
from core.job import augmenting
from core.job.exports import Exports
from core.job.judging import judge_answers
from core.job.promptings import SEED, Promptings
from core.job.speeds import Speeds
from core.store.store import Store
from core.strategy.lengths import LONGEST, room_of
from core.strategy.machine import probe
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan
from core.strategy.speed import Speed

_TAKING, _OPENING = "taking the file in", "finding out what the columns are"
_CHECKING, _REST = "checking the rows", "mending the rows"
_PAUSE = 0.1
"""Seconds between two words on how far it is."""

Task = Callable[[Mapping[str, Any], Path, Tell], Any]


def _take(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401 - JSON
    """Files are copied into the home folder; answers with what they look like."""
    steps = Steps(tell, {_TAKING: 2, _OPENING: 1})
    paths, within = request["paths"], steps.within(_TAKING)
    if len(paths) > 1:
        source = open_files([Path(path) for path in paths], home, within)
    else:
        source = open_source(paths[0], home, tell=within)
    return TypeAdapter(Opened).dump_python(open_up(source, steps.begin(_OPENING)), mode="json")


def _fetch(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401 - JSON
    """A data set of the hub is copied into the home folder; answers with what it looks like."""
    steps = Steps(tell, {_TAKING: 9, _OPENING: 1})
    source = open_hub(request["id"], home, request["config"], request["split"], steps.within(_TAKING))
    return TypeAdapter(Opened).dump_python(open_up(source, steps.begin(_OPENING)), mode="json")


def _check(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with a report."""
    choice = DataChoice(**request["choice"])
    report = inspect(find_source(choice.source, home), choice, room=room_of(request["model"]), tell=tell, home=home)
    return TypeAdapter(Report).dump_python(report, mode="json")


def _split(request: Mapping[str, Any], home: Path, tell: Tell) -> str:
    """The rows are divided, and the division kept; answers with the hash of their bytes."""
    choice = DataChoice(**request["choice"])
    keep_split(choice, home, request["seed"], tell)
    return choice.sha256


def _render(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with the wanted rows as the model will see them."""
    tell("loading the tokenizer", 0.2)
    from core.backend.render import render_rows

    choice = DataChoice(**request["choice"])
    examples = read_rows(choice, home, request["rows"])
    room = min(read_facts(request["model"]).context, LONGEST)
    rows = render_rows(request["model"], examples, room, choice.instruction)
    return TypeAdapter(list[RenderedRow]).dump_python(rows, mode="json")


def _mend(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with the new reading and what was done."""
    room, left = room_of(request["model"]), 1.0

    def check(source: Source, choice: DataChoice) -> Report:
        nonlocal left
        begin, left = 1 - left, left / 2  # how many rounds there will be, nobody knows
        steps = Steps(tell, {"": begin, _CHECKING: left, _REST: left})
        return inspect(source, choice, room=room, tell=steps.within(_CHECKING))

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


def _prompt(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with what the untuned model gets with examples in its prompt, which is kept as well."""
    tell("reading the rows", 0.0)
    choice, model = DataChoice(**request["choice"]), request["model"]
    found = try_prompts(load(choice, home, SEED), read_facts(model), SEED, tell)
    store = Store(home)
    Promptings(store, lambda *asked: load(asked[0], home, asked[1])).keep(choice, model, found)
    store.close()
    return TypeAdapter(Prompting).dump_python(found, mode="json")


def _prompt_rows(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """Answers with what the untuned model says to a run's test rows with examples, which is kept as well."""
    tell("reading the rows", 0.0)
    store = Store(home)
    found = Promptings(store, lambda choice, seed: load(choice, home, seed)).ask_rows(request["run"], tell)
    store.close()
    return TypeAdapter(PromptedRows).dump_python(found, mode="json")


def _push(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401
    """An export goes to the hub; answers with where it stands there, which is kept as well."""
    store = Store(home)
    to = Destination(request["repo"], request["public"], request["token"])
    pushed = Exports(store).pushes.push(request["run"], request["exporter"], to, tell)
    store.close()
    return TypeAdapter(Pushed).dump_python(pushed, mode="json")


TASKS: Mapping[str, Task] = {
    "take": _take,
    "fetch": _fetch,
    "check": _check,
    "split": _split,
    "mend": _mend,
    "render": _render,
    "probe": _probe,
    "prompt": _prompt,
    "prompt_rows": _prompt_rows,
    "push": _push,
    "augment_survey": augmenting.survey,
    "augment_try": augmenting.try_teacher,
    "augment_run": augmenting.write_rows,
    "augment_use": augmenting.use_rows,
    "judge": judge_answers,
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

    tell = _evenly(say)

    try:
        say(answer=TASKS[request["task"]](request, home, tell))
    except UserError as error:
        say(kind=type(error).__name__, **error.as_json())
    except MemoryError:
        traceback.print_exc()
        problem = UserError("There is too little memory for these rows.", "Close other programs, or take fewer rows.")
        say(kind="MachineError", **problem.as_json())


def _evenly(say: Callable[..., None]) -> Tell:
    """Says what goes on, now and then and at once where it is something else; the share never falls."""
    said, last, most = "", 0.0, 0.0

    def tell(about: str, share: float) -> None:
        nonlocal said, last, most
        most = max(most, min(1.0, share))
        if about != said or time.monotonic() - last >= _PAUSE:
            said, last = about, time.monotonic()
            say(about=about, share=most)

    return tell


def _end_with_the_asker() -> None:
    sys.stdin.read()  # until nobody holds the other end any more
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with the processes that read files for this one
    os._exit(1)


if __name__ == "__main__":
    main()
