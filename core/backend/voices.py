"""Base and tuned model beside each other in one memory: what each is, and what makes it its turn."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from transformers import AutoTokenizer

from core.backend import weights
from core.backend.checkpoints import PREFIX, checkpoint_folder, examine, facts, newest, restore
from core.backend.classes import CONFIG, sorted_labels
from core.backend.model import Loaded, load_for, load_kept
from core.backend.settling import settle
from core.dataset.files.keep import new_folder
from core.errors import ModelError, NotFoundError
from core.strategy.model_facts import locate
from core.strategy.plan import Plan

BEST, BASE, NEWEST = "best", "base", "newest"
"""Which weights are tried: the best so far, those of the untuned model alone, the newest checkpoint, or a checkpoint by
its folder's name."""
PLAYING = "playing"
"""Folder of the home in which weights lie while they are loaded."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One of the two models."""

    side: str
    """"base" or "tuned"."""
    network: Any
    turn: Callable[[], AbstractContextManager[object]] = nullcontext
    """What must hold while it is asked."""
    changes_quickly: bool = True
    """Whether `turn` costs so little that both may write at the same time."""


@dataclass(frozen=True, slots=True)
class Voices:
    """Who answers, the untuned model first."""

    loaded: Loaded
    each: tuple[Voice, ...]
    step: int
    """Of the weights; 0 for the untuned model alone."""


def load_voices(plan: Plan, folder: Path, home: Path, which: str, labels: tuple[str, ...]) -> Voices:
    """Load the weights `which` of the run in `folder`, and the untuned model; once where the method allows it.

    The files are held by links while they are looked at and loaded: a training that goes on may take them away.

    Raises:
        NotFoundError: The run has no such weights.
        ModelError: They are damaged, or the model cannot be loaded.
    """
    if which == BASE:
        if plan.head == "class":
            raise ModelError(_NO_BASE, "Try its tuned weights.")
        loaded = settle(load_for(plan))
        loaded.model.eval()
        return Voices(loaded, (Voice("base", loaded.model),), 0)
    place = _find(folder, which)
    with _held(place, home) as held:
        damage = examine(held)
        if damage is not None:
            raise ModelError(
                f"The weights in {place.name} are damaged: {damage.file} {damage.problem}.",
                "Choose other weights in the menu, or resume the run from its last checkpoint.",
            )
        step = int(place.name.removeprefix(PREFIX)) if which != BEST else int(facts(held).get("step", 0))
        named = next((one for one in (held, folder / BEST) if (one / CONFIG).is_file()), None)
        if plan.head == "class":
            loaded = load_kept(plan, held, sorted_labels(named) if named else labels)
            return Voices(loaded, (Voice("tuned", loaded.model),), step)
        loaded, each = _beside(plan, held)
    return Voices(loaded, each, step)


_NO_BASE = "There is no untuned model to ask: an untrained head only guesses."


def _find(folder: Path, which: str) -> Path:
    """Where the weights lie.

    Raises:
        NotFoundError: Nowhere.
    """
    if which == BEST:
        restore(folder / BEST)
        if not (folder / BEST).is_dir():
            raise NotFoundError("This run has kept no weights yet.", "Let it train until its first validation.")
        return folder / BEST
    latest = newest(folder)[0] if which == NEWEST else None
    if latest is not None:
        return latest
    number = which.removeprefix(PREFIX)
    place = checkpoint_folder(folder, int(number)) if number.isdecimal() else folder
    if place == folder or not place.is_dir():
        there = newest(folder)[0]
        told = f"The newest is of step {there.name.removeprefix(PREFIX)}." if there else "There is none any more."
        raise NotFoundError(f"The checkpoint of step {number[:20]} is gone: newer ones took its place.", told)
    return place


@contextlib.contextmanager
def _held(place: Path, home: Path) -> Iterator[Path]:
    """A folder with the same files, which stay where the other one is deleted.

    Raises:
        NotFoundError: It was deleted while this was done.
    """
    held = new_folder(home / PLAYING)
    try:
        for path in place.iterdir():
            if not path.is_file():
                continue
            try:
                os.link(path, held / path.name)
            except OSError:  # a disk that knows no links
                shutil.copy2(path, held / path.name)
        yield held
    except FileNotFoundError as error:
        raise NotFoundError(
            "These weights gave way to newer ones while they were read.", "Choose again in the menu."
        ) from error
    finally:
        shutil.rmtree(held, ignore_errors=True)


def _beside(plan: Plan, held: Path) -> tuple[Loaded, tuple[Voice, ...]]:
    if (held / weights.CHANGED).is_file():
        loaded = load_for(plan)
        loaded.model.eval()
        return loaded, _exchanging(loaded.model, load_file(held / weights.CHANGED))
    if not weights.is_part(held):
        if not (held / "tokenizer_config.json").is_file():  # a checkpoint has none
            AutoTokenizer.from_pretrained(str(locate(plan.model)), trust_remote_code=False).save_pretrained(str(held))
        tuned, base = settle(load_kept(plan, held)), settle(load_for(plan))
        base.model.eval()
        return tuned, (Voice("base", base.model), Voice("tuned", tuned.model))
    loaded = settle(load_kept(plan, held))
    model = loaded.model
    if model.peft_config[model.active_adapter].is_prompt_learning:
        return loaded, (Voice("base", model.get_base_model()), Voice("tuned", model))
    return loaded, (Voice("base", model, lambda: _switched_off(model)), Voice("tuned", model))


@contextlib.contextmanager
def _switched_off(model: Any) -> Iterator[None]:  # noqa: ANN401 - peft has no types
    """Without the adapter. PEFT's own way looks at every layer first, which is slow between two words."""
    model.base_model.disable_adapter_layers()
    model._adapters_disabled = True
    try:
        yield
    finally:
        model.base_model.enable_adapter_layers()
        model._adapters_disabled = False


def _exchanging(model: Any, changed: dict[str, Any]) -> tuple[Voice, Voice]:  # noqa: ANN401
    """One model whose few changed weights are put in for the tuned one's turn."""
    own = model.state_dict()
    before = {name: own[name].detach().clone() for name in changed if name in own}

    @contextlib.contextmanager
    def put_in() -> Iterator[None]:
        weights.put(model, changed)
        try:
            yield
        finally:
            weights.put(model, before)

    return Voice("base", model, changes_quickly=False), Voice("tuned", model, put_in, changes_quickly=False)
