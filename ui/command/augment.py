"""`augment`: new rows by a teacher, of which the good ones become a version of the data."""

import os
import sys
import threading
from argparse import Namespace
from collections import Counter
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from core.augment.card import open_card
from core.augment.pipeline import Augmentation, Forecast, Outcome
from core.augment.spend import Limits
from core.augment.standing import belong
from core.augment.teachers import TEACHERS
from core.engine import Engine
from core.errors import MachineError, SettingsError
from core.events import Advanced, Event
from core.job.augmentations import Augmentations
from ui.command import say

KEY = "FEWTUNE_TEACHER_KEY"
"""The environment variable that holds the key; it is written nowhere else."""
_SHOWN = 3


def augment(engine: Engine, given: Namespace) -> int:
    """Write the card, forecast, or ask; 1 where fewer rows came than were wanted.

    Raises:
        SettingsError: A value is missing or out of range.
    """
    TEACHERS[given.teacher]
    for name in ("quality", "diversity"):
        if not 0 <= getattr(given, name) <= 1:
            raise SettingsError({name: "must be from 0 to 1"})
    choice = engine.choose(engine.open_data(given.source))
    augmentations = engine.augmentations
    known = augmentations.known(choice, given.quality)
    card = open_card(given.card) if given.card else augmentations.card(known, given.task, given.constraints)
    if given.write_card:
        return _write_card(given, card.as_yaml())
    key = os.environ.get(KEY, "")
    work = augmentations.prepare(known, card, given.teacher, _settings(given.settings), key, limits=_limits(given))
    work.diversity_weight = given.diversity
    forecast = work.forecast(given.count)
    if given.forecast:
        if given.json:
            say.answer({"forecast": asdict(forecast)})
        else:
            say.tell(_told(forecast))
        return 0
    say.note(_told(forecast))
    belong(work.folder, choice.source)
    outcome = _run(augmentations, work, given.count)
    kept: dict[str, Any] = {"data": "", "written": []}
    if outcome.chosen:
        source = augmentations.keep(choice, outcome.chosen, TEACHERS[given.teacher].called(work.options))
        written = [str(path) for path in engine.library.write(source, given.out)] if given.out else []
        kept = {"data": source.id, "written": written}
    _answer(outcome, kept, as_json=given.json)
    return int(bool(outcome.ended))


def _run(augmentations: Augmentations, work: Augmentation, count: int) -> Outcome:
    stopping = threading.Event()
    try:
        return augmentations.run(work, count, _say_progress, stopping)
    except KeyboardInterrupt:
        stopping.set()
        say.note("Stopped; answers so far are kept, and the same command goes on from there.")
        raise


def _say_progress(event: Event) -> None:
    if isinstance(event, Advanced) and sys.stderr.isatty():
        say.note(f"{event.what}: {event.done}{f' of {event.total}' if event.total else ''}")


def _write_card(given: Namespace, text: str) -> int:
    try:
        given.write_card.write_text(text, "utf-8")
    except OSError as error:
        raise MachineError(f"The card cannot be written: {error.strerror}.", "Choose another folder.") from error
    if given.json:
        say.answer({"written": [str(given.write_card)]})
    else:
        say.tell(f"Written to {given.write_card}. Edit it, and give it back with --card.")
    return 0


def _settings(pairs: list[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise SettingsError({wrong[0]: "is no KEY=VALUE"})
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs)}


def _limits(given: Namespace) -> Limits:
    try:
        return Limits(
            price_in=given.price_in,
            price_out=given.price_out,
            most_cost=given.most_cost,
            most_tokens=given.most_tokens,
        )
    except ValidationError as error:
        raise SettingsError({".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}) from error


def _told(forecast: Forecast) -> str:
    money = f", {forecast.cost:.2f} in money" if forecast.cost else ""
    return (
        f"Forecast: about {forecast.questions:,} questions, {forecast.prompt_tokens:,} tokens of prompts and "
        f"{forecast.answer_tokens:,} of answers{money}, if two thirds of the rows are good."
    )


def _answer(outcome: Outcome, kept: dict[str, Any], *, as_json: bool) -> None:
    sifted = outcome.sifted
    if as_json:
        said = {
            "rows": len(outcome.chosen),
            "candidates": len(outcome.candidates),
            "unreadable": outcome.unreadable,
            "checks": [asdict(stage) for stage in sifted.stages],
            "good": len(sifted.kept),
            "tokens": {"prompt": outcome.prompt_tokens, "answer": outcome.answer_tokens},
            "cost": outcome.cost,
            "ended": outcome.ended,
        }
        say.answer(said | kept)
        return
    say.tell(f"{len(outcome.candidates):,} rows were written; {sum(outcome.unreadable.values()):,} could not be read.")
    for stage in sifted.stages:
        say.tell(f"    -{stage.rejected:<5} {stage.title}{f'. {stage.note}' if stage.note else ''}")
        for reason, count in Counter(why for name, why in sifted.reasons.values() if name == stage.name).most_common(
            _SHOWN
        ):
            say.tell(f"           {count} x {say.short(reason, 100)}")
    say.tell(f"{len(sifted.kept):,} are good, and {len(outcome.chosen):,} of them were taken.")
    if outcome.ended:
        say.tell(f"There are fewer than were wanted: {outcome.ended}.")
    if kept["data"]:
        say.tell(f"The data with the new rows: {kept['data']}")
    for path in kept["written"]:
        say.tell(f"Written to {path}")
