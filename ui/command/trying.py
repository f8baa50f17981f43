"""`try`: base and tuned model of a run answer prompts; the models are loaded once for all of them."""

import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from core.engine import Engine
from core.errors import SettingsError, UserError
from core.job.playground.choices import CHECKPOINT
from core.job.playground.question import Question, Standing
from core.strategy.drawing import Drawing, read_drawing
from ui.command import say
from ui.playwords import measured
from ui.words import percent

_POLL = 0.05
"""Seconds between two looks at the answers."""
_LABELS = 5
"""Labels that are told to people."""


def try_out(engine: Engine, given: Namespace) -> int:
    """Ask both models, and print what they say; 1 where a prompt was not answered.

    Raises:
        SettingsError: Lists every setting that is wrong.
        UserError: The run, its weights or its model are not there, or nothing is asked.
    """
    weights = f"{CHECKPOINT}{given.weights}" if given.weights.isdecimal() else given.weights
    drawing = _drawing(given.settings)
    engine.run(given.run)
    failed = 0
    for text, row in _prompts(engine, given):
        question = Question(run_id=given.run, text=text, weights=weights, place=row, drawing=drawing)
        engine.playground.ask(question)
        standing = _seen_through(engine, given.run)
        if standing.error is not None:
            say.complain(standing.error, as_json=given.json)
            failed = 1
        elif given.json:
            say.answer(_as_json(standing))
        else:
            _tell(standing)
    return failed


def _drawing(settings: list[str]) -> Drawing:
    raw: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise SettingsError({key: "give it a value, such as temperature=0.7"})
        raw[key.strip()] = value.strip()
    return read_drawing(raw)


def _prompts(engine: Engine, given: Namespace) -> Iterator[tuple[str, int]]:
    """Prompts, each with the place of the held-out row that it is, or 0.

    Raises:
        UserError: The run has no such row, or both a prompt and a row are given.
    """
    if given.row is not None:
        ground = engine.playground.ground(given.run)
        if given.prompt is not None or not 1 <= given.row <= max(1, len(ground.rows)):
            raise UserError(
                f"This run has {len(ground.rows):,} held-out rows.", "Give the number of one, and no prompt beside it."
            )
        yield ground.held_out(given.row).text, given.row
    elif given.prompt is not None:
        yield given.prompt, 0
    else:
        if sys.stdin.isatty():
            say.note("A prompt a line; Ctrl+D ends it.")
        yield from ((line.rstrip("\n"), 0) for line in sys.stdin if line.strip())


def _seen_through(engine: Engine, run_id: str) -> Standing:
    said = ""
    try:
        while (standing := engine.playground.standing(run_id)) is not None and not standing.is_over:
            if standing.about != said and sys.stderr.isatty():
                said = standing.about
                say.note(said)
            time.sleep(_POLL)
    except KeyboardInterrupt:
        engine.playground.stop()
        raise
    if standing is None:
        raise UserError("The question was lost.", "Ask again.")
    return standing


def _as_json(standing: Standing) -> dict[str, Any]:
    said: dict[str, Any] = {
        "run": standing.question.run_id,
        "weights": standing.question.weights,
        "step": standing.step,
        "prompt": standing.asked.text,
        "prompt_tokens": standing.prompt.tokens if standing.prompt else 0,
        "cut_tokens": standing.prompt.whole - standing.prompt.tokens if standing.prompt else 0,
    }
    if standing.asked.reference is not None:
        said |= {"row": standing.asked.row, "reference": standing.asked.reference}
    for side in standing.who:
        words = standing.sides.get(side)
        one: dict[str, Any] = {}
        if words is not None:
            one = {"answer": words.text, "tokens": words.tokens, "seconds": words.seconds, "ended": words.how}
        if side in standing.shares:
            one["labels"] = dict(zip(standing.labels, standing.shares[side], strict=True))
        said[side] = one
    return said


def _tell(standing: Standing) -> None:
    if standing.prompt is not None and standing.prompt.whole > standing.prompt.tokens:
        say.note(f"The prompt was shortened from {standing.prompt.whole:,} to {standing.prompt.tokens:,} tokens.")
    if standing.asked.reference is not None:
        say.tell(f"Wanted: {standing.asked.reference}\n")
    for side in standing.who:
        words = standing.sides.get(side)
        if words is not None:
            say.tell(f"{side.capitalize()}: {words.text}")
            say.tell(f"    ({measured(words)})")
        shares = standing.shares.get(side, ())
        best = sorted(zip(standing.labels, shares, strict=False), key=lambda pair: -pair[1])[:_LABELS]
        if best:
            say.tell(
                f"{side.capitalize()}, labels: " + ", ".join(f"{name} {percent(share, 1)}" for name, share in best)
            )
        say.tell()
