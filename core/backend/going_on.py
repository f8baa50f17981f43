"""Where an attempt begins: at a checkpoint of an earlier one, at the best weights of another run, or anew."""

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file

from core.backend import averaging, matrices, weights
from core.backend.checkpoints import Damage, examine, facts, newest, restore, tidy
from core.backend.keeper import Keeper
from core.backend.sameness import BASE, TRAINING_ROWS, differing
from core.errors import ChangedError, ModelError, UserError
from core.events import Emit, Noted
from core.strategy.start_from import shaping


def find_checkpoint(folder: Path, emit: Emit, *, resume: bool) -> Path | None:
    """Where to go on from in a run's `folder`; a fresh start clears what an earlier attempt left."""
    tidy(folder)
    if not resume:
        for left in ("checkpoints", "best", averaging.FOLDER):
            shutil.rmtree(folder / left, ignore_errors=True)
        return None
    place, damaged = newest(folder)
    for damage in damaged:
        emit(_told(damage, "is damaged and not used"))
        # The steps since are trained again; it must not outlive the good one, which is older.
        shutil.rmtree(damage.folder, ignore_errors=True)
    going_on = f"Going on from {place.name}." if place else "No complete checkpoint is left, so training starts anew."
    emit(Noted(text=going_on))
    return place


def go_on(place: Path, folder: Path, keeper: Keeper, emit: Emit) -> None:
    """Let `keeper` go on as the checkpoint at `place` says.

    Raises:
        ChangedError: Something that decides the run differs; lists all of it.
    """
    known = facts(place)
    changed = differing(known.get("decides", {}), keeper.decides)
    if changed:
        listed = "; ".join(f"{key}: {difference}" for key, difference in changed.items())
        raise ChangedError(
            f"The run cannot go on from {place.name}, because what decides it has changed: {listed}.",
            f"Set it back, or start a new run from these weights ('fewtune resume {folder.name} --new').",
            changed,
        )
    keeper.go_on_from(known["progress"])
    damage = examine(folder / "best") if keeper.best_step else None
    if damage is not None:
        emit(_told(damage, "are damaged; the next validation keeps weights anew", "The best weights"))
        keeper.forget_best()


def begin_from(model: Any, best: Path, decides: dict[str, Any], emit: Emit) -> None:  # noqa: ANN401 - a model
    """Put the best weights of another run, which lie in `best`, into a readied model.

    Raises:
        ModelError: They are damaged or gone.
        ChangedError: They belong to another base model or method, or to settings that give them another shape.
    """
    restore(best)
    if not best.is_dir():
        raise ModelError("The run to start from has kept no weights, or was deleted.", "Start from the untuned model.")
    damage = examine(best)
    if damage is not None:
        raise ModelError(
            f"The weights to start from are damaged: {damage.file} {damage.problem}.", "Start from the untuned model."
        )
    before = facts(best).get("decides", {})
    # As loaded on another device or in another precision, the same base model has other bits.
    comparable = all(before.get(name) == decides[name] for name in ("device", "precision"))
    changed = differing(_of_weights(before, comparable=comparable), _of_weights(decides, comparable=comparable))
    if changed:
        listed = "; ".join(f"{key}: {difference}" for key, difference in changed.items())
        raise ChangedError(f"The weights to start from do not suit this plan: {listed}.", "Set it back.", changed)
    tensors: dict[str, torch.Tensor] = {}
    for file in sorted(best.glob("*.safetensors")):
        tensors |= load_file(file)
    _put(model, matrices.take_out(model, tensors) if hasattr(model, "peft_config") else tensors)
    emit(Noted(text=f"Training starts from the best weights of an earlier run, of its step {facts(best)['step']}."))
    if before.get(TRAINING_ROWS) != decides[TRAINING_ROWS]:
        emit(
            Noted(
                text="The weights that training starts from were trained on other rows. Some of those may be held out "
                "now, so the scores may flatter.",
                severity="warning",
            )
        )


def _put(model: Any, tensors: dict[str, torch.Tensor]) -> None:  # noqa: ANN401
    adapter = hasattr(model, "peft_config")
    own = weights.adapter(model) if adapter else model.state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in own.items()}
    # Weights that are tied to others are saved once.
    wrong = [name for name, tensor in tensors.items() if shapes.get(name) != tuple(tensor.shape)]
    missing = set(shapes) - set(tensors) if adapter else set()
    if wrong or missing or not tensors:
        name = next(iter([*wrong, *sorted(missing)]), "all")
        raise UserError(f"The weights to start from do not fit the model: {name}.", "Start from the untuned model.")
    if adapter:
        set_peft_model_state_dict(model, tensors)
    else:
        model.load_state_dict(tensors, strict=False)
        model.tie_weights()


def _of_weights(decides: dict[str, Any], *, comparable: bool) -> dict[str, Any]:
    """What must be the same for weights to mean the same."""
    return {name: value for name, value in decides.items() if shaping(name) or (comparable and name == BASE)}


def _told(damage: Damage, what: str, subject: str = "") -> Noted:
    text = f"{subject or damage.folder.name} {what}: {damage.file} {damage.problem}."
    return Noted(text=text, severity="warning")
