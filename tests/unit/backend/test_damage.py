"""P9 and P10 over real runs: whatever is damaged or changed is named, nothing of it runs, and there is a way on."""

import json
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.backend import keeper
from core.backend.checkpoints import MANIFEST, examine, newest
from core.backend.model import load_tuned
from core.backend.train import train
from core.dataset.example import Split
from core.errors import ChangedError, ModelError, UserError
from core.events import Noted, StepTaken, Validated
from core.strategy.methods import METHODS
from tests.unit.backend.conftest import RATES

WAYS = ("deleted", "halved", "emptied", "flipped", "a pickle")


class Sentinel:
    """Leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def damage(path, how, sentinel):
    data = path.read_bytes()
    if how == "deleted":
        path.unlink()
    elif how == "halved":
        path.write_bytes(data[: len(data) // 2])
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "flipped":
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    else:
        path.write_bytes(pickle.dumps(Sentinel(sentinel)))


@pytest.fixture
def stopped(make_task, told, monkeypatch):
    """A run with two checkpoints that was stopped at step 4."""
    monkeypatch.setattr(keeper, "SAVING_SHARE", 1e9)
    told.hook = lambda said: told.stopping.set() if isinstance(said, StepTaken) and said.step == 4 else None
    train(make_task(epochs=2), told, told.stopping)
    return make_task(epochs=2, resume=True)


def test_each_file_of_a_checkpoint_damaged_in_each_way_is_named_and_the_one_before_offered(stopped, tmp_path):
    good, _ = newest(stopped.folder)
    files = sorted(path.name for path in good.iterdir())
    assert {"adapter_model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", MANIFEST} <= set(files)
    for name in files:
        whole = (good / name).read_bytes()
        for how in WAYS:
            damage(good / name, how, tmp_path / "ran")
            place, damaged = newest(stopped.folder)
            if name == MANIFEST and how == "flipped" and place == good:
                # A bit of what is noted beside the files, not of their sums: the files are whole.
                assert examine(good) is None
            else:
                assert place is not None, (name, how)
                assert place != good, (name, how)
                assert damaged[0].folder == good
                # A changed manifest names a file that is not as it says, or itself.
                assert damaged[0].file == name or name == MANIFEST
            (good / name).write_bytes(whole)
    assert not (tmp_path / "ran").exists()
    assert newest(stopped.folder) == (good, [])


def test_a_resume_passes_a_damaged_checkpoint_by_and_says_which_file_it_was(stopped, told):
    good, _ = newest(stopped.folder)
    damage(good / "optimizer.pt", "flipped", None)
    later = type(told)()
    train(stopped, later, later.stopping)
    notes = [event.text for event in later.of(Noted)]
    assert any(f"{good.name} is damaged and not used: optimizer.pt has changed" in note for note in notes)
    assert later.of(StepTaken)[0].step <= int(good.name.removeprefix("checkpoint-"))
    assert newest(stopped.folder)[1] == []


def test_a_pickle_whose_sum_was_forged_too_does_not_run(stopped, told, tmp_path):
    place, _ = newest(stopped.folder)
    for name in ("optimizer.pt", "rng_state.pth"):
        damage(place / name, "a pickle", tmp_path / "ran")
    from core.backend.checkpoints import _fact

    manifest = json.loads((place / MANIFEST).read_text())
    for name in ("optimizer.pt", "rng_state.pth"):
        manifest["files"][name] = _fact(place / name)
    (place / MANIFEST).write_text(json.dumps(manifest))
    assert examine(place) is None
    later = type(told)()
    with pytest.raises(Exception, match=r"(?i)weights.only|unpickl|GLOBAL"):
        train(stopped, later, later.stopping)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("how", WAYS)
def test_damaged_best_weights_are_named_and_never_used(how, stopped, told, tmp_path):
    damage(stopped.folder / "best" / "adapter_model.safetensors", how, tmp_path / "ran")
    with pytest.raises(ModelError, match=r"damaged: adapter_model\.safetensors"):
        load_tuned(stopped.plan, stopped.folder)
    assert not (tmp_path / "ran").exists()


def test_a_resume_keeps_weights_anew_where_the_best_ones_are_damaged(stopped, told):
    damage(stopped.folder / "best" / "adapter_model.safetensors", "halved", None)
    later = type(told)()
    train(stopped, later, later.stopping)
    assert any("The best weights are damaged" in event.text for event in later.of(Noted))
    assert later.of(Validated)[0].best
    assert load_tuned(stopped.plan, stopped.folder)


def _refusal(task, told):
    later = type(told)()
    with pytest.raises(ChangedError) as caught:
        train(task, later, later.stopping)
    assert "--new" in caught.value.fix
    assert not later.of(StepTaken)
    for name in caught.value.problems:
        assert name in caught.value.what
    return set(caught.value.problems)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 8}, {"seed"}),
        ({"batch_size": 4}, {"batch_size"}),
        ({"learning_rate": 1e-3, "epochs": 5}, {"learning_rate", "epochs"}),
        ({"options": {"rank": 4}}, {"options", "options.rank"}),
        ({"max_length": 100}, {"max_length"}),
    ],
    ids=lambda value: ", ".join(sorted(value)),
)
def test_a_changed_setting_is_refused_with_both_its_values(change, named, stopped, make_task, told):
    assert _refusal(make_task(resume=True, **({"epochs": 2} | change)), told) <= named | {"base model weights"}


def test_changed_rows_are_refused_whatever_changed_about_them(stopped, make_task, split, told):
    other = replace(split.train[3], answer="pink")
    for rows, named in (
        ((*split.train, other), {"rows", "training rows"}),
        ((split.train[1], split.train[0], *split.train[2:]), {"training rows"}),
        ((*split.train[:3], other, *split.train[4:]), {"training rows"}),
    ):
        task = make_task(epochs=2, resume=True, rows=Split(rows, split.validation, split.test))
        assert _refusal(task, told) == named
    task = make_task(epochs=2, resume=True, rows=Split(split.train, split.validation[1:], split.test))
    assert _refusal(task, told) == {"validation rows"}


def _change_one_weight(folder):
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if "mlp" in name)
    weights[name][0, 0] = torch.nextafter(weights[name][0, 0], torch.tensor(9.0))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture
def other_base(tiny, tmp_path, monkeypatch):
    """Call it, and the base model is another one under the same name: one weight has changed by one bit."""
    import shutil

    def change():
        folder = shutil.copytree(tiny, tmp_path / "other")
        _change_one_weight(folder)
        monkeypatch.setattr("core.backend.model.locate", lambda model: folder)

    return change


def test_a_base_model_with_one_changed_weight_is_refused(stopped, other_base, told):
    other_base()
    assert _refusal(stopped, told) == {"base model weights"}


def test_all_that_the_machine_decides_is_compared(stopped, told, monkeypatch):
    monkeypatch.setattr("core.backend.sameness.platform.python_version", lambda: "3.99")
    monkeypatch.setattr("core.backend.train.use_threads", lambda count: torch.set_num_threads(2))
    try:
        assert _refusal(stopped, told) >= {"python", "threads"}
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("method", METHODS)
def test_a_new_run_starts_from_the_best_weights_of_an_earlier_one(method, make_task, told):
    first = make_task(method=method, epochs=2, learning_rate=RATES.get(method, 5e-3))
    train(first, told, told.stopping)
    later = type(told)()
    task = make_task(method=method, epochs=1, learning_rate=1e-5, folder="second", start_from="r1")
    train(replace(task, start_from=first.folder), later, later.stopping)
    best = min(event.loss for event in told.of(Validated) if event.best)
    assert later.of(Validated)[0].loss == pytest.approx(best, abs=2e-3)
    assert later.of(Validated)[0].loss < told.of(Validated)[0].loss - (0.005 if method in RATES else 0.05)
    assert any("best weights of an earlier run" in event.text for event in later.of(Noted))
    assert later.of(StepTaken)[0].step == 1


def _second(make_task, first, **values):
    task = make_task(epochs=1, folder="second", start_from="r1", **values)
    return replace(task, start_from=first)


def test_weights_that_do_not_suit_the_plan_are_not_taken_over(make_task, told, other_base):
    first = make_task(epochs=1)
    train(first, told, told.stopping)
    for values, named in (
        ({"method": "adapter"}, "method"),
        ({"options": {"rank": 4}}, "options.rank"),
    ):
        later = type(told)()
        with pytest.raises(ChangedError, match=named):
            train(_second(make_task, first.folder, **values), later, later.stopping)
    other_base()
    with pytest.raises(ChangedError, match="base model weights"):
        train(_second(make_task, first.folder), told, told.stopping)


def test_damaged_or_missing_weights_are_not_started_from(make_task, told):
    first = make_task(epochs=1)
    train(first, told, told.stopping)
    damage(first.folder / "best" / "adapter_model.safetensors", "flipped", None)
    with pytest.raises(ModelError, match=r"damaged: adapter_model\.safetensors"):
        train(_second(make_task, first.folder), told, told.stopping)
    with pytest.raises(UserError, match="kept no weights"):
        train(_second(make_task, first.folder / "nowhere"), told, told.stopping)


def test_whoever_starts_from_weights_of_other_rows_is_warned(make_task, told, split):
    first = make_task(epochs=1)
    train(first, told, told.stopping)
    later = type(told)()
    fewer = Split(split.train[:20], split.validation, split.test)
    train(_second(make_task, first.folder, rows=fewer), later, later.stopping)
    assert any("may flatter" in event.text for event in later.of(Noted) if event.severity == "warning")
