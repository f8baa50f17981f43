"""P10 to P12 before anything runs: where a new run may start from, and what is refused at once."""

import pytest

from core.backend.checkpoints import write_folder
from core.engine import Engine
from core.errors import ChangedError, MachineError, NotFoundError, UserError
from core.events import RunState, StateChanged
from core.job.starting import check_before_start, continued
from core.strategy.disk import disk_needed
from core.strategy.methods import METHODS, read_options
from core.strategy.plan_text import differences, plan_yaml, read_plan_yaml
from ui.command.parser import build_parser


@pytest.fixture
def engine(tmp_path):
    made = Engine(tmp_path / "home", launcher="thread")
    yield made
    made.close()


@pytest.fixture
def plan(engine):
    return engine.advise(engine.choose(engine.open_data("legal_clauses")), "starter").plan


def test_what_older_runs_take_is_no_room_that_a_new_one_has(engine, plan, monkeypatch):
    facts = engine.facts(plan.model)
    old = engine.store.home / "runs" / "r0" / "best"
    old.mkdir(parents=True)
    (old / "weights").write_bytes(b"x" * disk_needed(plan, facts))
    free = type("Usage", (), {"free": disk_needed(plan, facts) - 10**6})
    monkeypatch.setattr("core.strategy.disk.shutil.disk_usage", lambda place: free)
    with pytest.raises(MachineError, match=r"needs about \d+ MB on the disk"):
        check_before_start(plan, facts, engine.store)


def over(engine, plan, name="mine", *, kept=True):
    """A run that failed, and whether it kept weights."""
    job = engine.store.add_run(plan.model_dump(mode="json"), name)
    for state in (RunState.PREPARING, RunState.FAILED):
        engine.store.append(job.id, StateChanged(state=state))
    if kept:
        write_folder(engine.store.run_folder(job.run_id) / "best", lambda folder: (folder / "w").write_text("w"))
    return job.run_id


@pytest.mark.parametrize("method", sorted({*METHODS} - {"biases"}))  # which the starter model has none of
def test_a_new_run_says_in_its_plan_which_weights_it_starts_from(method, engine, plan):
    values = {"method": method, "options": read_options(method, {}).model_dump()}
    before = engine.read_plan(plan.model_dump() | values)
    first = over(engine, before)
    after = continued(engine.store, first)
    assert (after.start_from, after.name) == (first, "mine, continued")
    [change] = differences(before, after)
    assert (change.title, change.before, change.after) == ("Starts from", '""', f'"{first}"')
    assert engine.read_plan(read_plan_yaml(plan_yaml(after))) == after
    check_before_start(after, engine.facts(after.model), engine.store)
    assert continued(engine.store, over(engine, after, after.name)).name == "mine, continued"


def test_weights_of_another_method_or_model_or_shape_are_refused_with_what_differs(engine, plan):
    first = over(engine, plan)
    for values, named in (
        ({"method": "full", "options": {}}, "method"),
        ({"model": "somewhere/else"}, "model"),
        ({"options": plan.options | {"rank": 3}}, "options.rank"),
    ):
        other = plan.model_copy(update=values | {"start_from": first})
        with pytest.raises(ChangedError) as caught:
            check_before_start(other, engine.facts(plan.model), engine.store)
        assert named in caught.value.problems
    harmless = plan.model_copy(update={"options": plan.options | {"dropout": 0.2}, "start_from": first, "epochs": 9})
    check_before_start(harmless, engine.facts(plan.model), engine.store)


def test_weights_that_learned_a_row_which_is_held_out_here_are_refused_with_how_many(engine, plan):
    first = over(engine, plan)
    fewer = plan.model_copy(update={"data": plan.data.model_copy(update={"train_rows": 100}), "start_from": first})
    second = engine.start(fewer)  # fewer of the same training rows, the same ones held out
    engine.stop(second)
    other = plan.model_copy(update={"seed": 8, "start_from": first})
    with pytest.raises(ChangedError, match=r"learned \d+ of the 350 rows that are held out here") as caught:
        engine.start(other)
    assert f"seed ({plan.seed})" in caught.value.fix
    learned = {example.turns for example in engine.split(plan.data, plan.seed).train}
    split = engine.split(plan.data, 8)
    both = sum(example.turns in learned for side in (split.validation, split.test) for example in side)
    assert f"learned {both} of" in caught.value.what


def test_what_a_run_before_the_earlier_one_learned_counts_too(engine, plan):
    first = over(engine, plan)
    few = plan.data.model_copy(update={"train_rows": 20})  # none of which the third holds out
    unlike = plan.model_copy(update={"seed": 8, "data": few, "start_from": first})
    second = over(engine, unlike, "second")  # as an earlier version let it begin
    with pytest.raises(ChangedError, match=f"Run {first} learned"):
        engine.start(plan.model_copy(update={"seed": 8, "start_from": second}))


def test_weights_of_which_nobody_can_say_any_more_what_they_learned_are_refused(engine, plan, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"the {c} fruit {n},{c}\n" for n in range(40) for c in ("red", "blue")))
    choice = engine.choose(engine.open_data(rows))
    first = over(engine, plan.model_copy(update={"data": choice}))
    for file in (engine.home / "datasets").rglob("*.csv"):
        file.unlink()
    with pytest.raises(ChangedError, match="cannot be read any more"):
        engine.start(plan.model_copy(update={"start_from": first}))


def test_a_run_that_does_not_exist_or_kept_nothing_is_no_start(engine, plan):
    empty = over(engine, plan, kept=False)
    for run_id in (empty, "r0000000000", "../../etc"):
        other = plan.model_copy(update={"start_from": run_id})
        with pytest.raises(NotFoundError):
            engine.start(other)
    assert [row.id for row in engine.store.runs()] == [empty]
    with pytest.raises(NotFoundError, match="kept no weights"):
        continued(engine.store, empty)


def test_a_smaller_run_starts_anew_where_nothing_was_kept_or_the_method_changes(engine, plan):
    values = {"method": "lora", "options": read_options("lora", {}).model_dump(), "batch_size": 2, "accumulation": 4}
    lora = engine.read_plan(plan.model_dump() | values)
    kept, empty = over(engine, lora), over(engine, lora, kept=False)
    assert continued(engine.store, kept, smaller=True).start_from == kept
    assert continued(engine.store, empty, smaller=True).start_from == ""
    least = lora.model_copy(update={"batch_size": 1, "accumulation": 8, "gradient_checkpointing": True})
    then = continued(engine.store, over(engine, least), smaller=True)
    assert (then.method, then.start_from) == ("qlora", "")
    with pytest.raises(UserError, match="as small as it can be"):
        continued(engine.store, over(engine, then), smaller=True)


def test_a_disk_without_room_refuses_the_run_before_it_is_written(engine, plan, monkeypatch):
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr("core.strategy.disk.shutil.disk_usage", lambda place: usage)
    with pytest.raises(MachineError, match=r"needs about \d+ MB on the disk .* and 1 MB are free"):
        engine.start(plan)
    assert engine.store.runs() == []


def test_the_command_line_knows_both_ways_on():
    given = build_parser().parse_args(["resume", "r1", "--smaller"])
    assert (given.run, given.smaller, given.new) == ("r1", True, False)
    assert build_parser().parse_args(["resume", "r1", "--new"]).new
