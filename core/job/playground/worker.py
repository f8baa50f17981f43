"""The far end of the playground: loads the models of one run once, and answers until nobody asks any more.

One JSON object a line comes in and goes out. It ends when nobody asked for some minutes, and with the program that
started it.
"""

import argparse
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset.example import Turn
from core.errors import MemoryFullError, UserError
from core.strategy.drawing import Drawing
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.playing import Player
    from core.backend.streaming import Words

Say = Callable[..., None]
FULL = "Close other programs, wait for the end of a run that goes on, or ask for a shorter answer."
_FAULTS = (RuntimeError, MemoryError, OSError, ValueError, KeyError, ImportError)
"""What libraries raise where a model cannot be loaded or asked."""


def main() -> None:
    """Load what the first line names, then answer the others."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    home = parser.parse_args().home
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is not an answer
    lock = threading.Lock()

    def say(said: str, **more: Any) -> None:  # noqa: ANN401 - JSON
        with lock:
            answers.write(json.dumps({"said": said, **more}) + "\n")
            answers.flush()

    wish = json.loads(sys.stdin.readline())
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    stopped: set[int] = set()
    threading.Thread(target=_listen, args=(inbox, stopped), daemon=True).start()
    try:
        player = _load(wish, home)
    except UserError as error:
        _complain(say, error, None)
        return
    say("ready", device=player.device, step=player.step, sides=player.sides, labels=player.labels)
    while True:
        try:
            asked = inbox.get(timeout=float(wish["idle"]))
        except queue.Empty:
            say("idle")
            return
        try:
            _answer(player, asked, say, stopped)
        except UserError as error:
            _complain(say, error, asked["ask"])


def _listen(inbox: "queue.SimpleQueue[dict[str, Any]]", stopped: set[int]) -> None:
    for line in sys.stdin:
        said = json.loads(line)
        if "stop" in said:
            stopped.add(said["stop"])
        else:
            inbox.put(said)
    os._exit(0)  # nobody holds the other end any more


def _load(wish: Mapping[str, Any], home: Path) -> "Player":
    from core.backend.failures import explain
    from core.backend.playing import Player

    try:
        return Player(Plan(**wish["plan"]), Path(wish["folder"]), home, wish["weights"], wish["labels"])
    except _FAULTS as error:
        traceback.print_exc()
        raise _told(explain(error, log="playground.log in the home folder")) from error


def _answer(player: "Player", asked: Mapping[str, Any], say: Say, stopped: set[int]) -> None:
    from core.backend.failures import explain
    from core.backend.playing import Prompt

    number = asked["ask"]
    turns = tuple(Turn(**turn) for turn in asked["turns"])
    prompt = Prompt(turns=turns, text=asked["text"], drawing=Drawing(**asked["drawing"]))

    def tell(words: "Words") -> None:
        say("words", number=number, **asdict(words))

    try:
        ready = player.ready(prompt)
        say("prompt", number=number, prompt=asdict(ready.shown))
        labels = player.labels or tuple(asked["labels"])
        if labels and number not in stopped:
            say("shares", number=number, labels=labels, shares=player.shares(prompt, labels))
        if not player.labels and number not in stopped:
            player.write(ready, prompt.drawing, tell, lambda: number in stopped)
    except _FAULTS as error:
        traceback.print_exc()
        raise _told(explain(error, log="playground.log in the home folder")) from error
    say("done", number=number, stopped=number in stopped)


def _told(error: UserError) -> UserError:
    """Advice for whoever asks, where the usual one is for whoever trains."""
    return MemoryFullError(error.what, FULL) if isinstance(error, MemoryFullError) else error


def _complain(say: Say, error: UserError, number: int | None) -> None:
    say("error", number=number, kind=type(error).__name__, **error.as_json())


if __name__ == "__main__":
    main()
