"""New rows are written in a process of its own: it stops, goes on, pays nothing twice, and its rows are used."""

import json
import random
import re
import time

import pytest

from core.augment.order import Order, folder_of, read_options
from core.augment.review import (
    Decision,
    check_cells,
    is_accepted,
    read_candidates,
    read_decisions,
    write_decisions,
)
from core.augment.standing import ask_to_stop, read_standing
from core.augment.teachers import TEACHERS
from core.dataset.provenance import COLUMN, origin_of
from core.engine import Engine
from core.errors import SettingsError, UserError
from tests.unit.augment.sentences import good

KEY = "sk-canary-90b1"
PATIENCE = 240


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "home")
    yield engine
    engine.close()


def ordered(engine, data, teacher, count, **options):
    """Choice, survey and order of some rows."""
    choice = engine.choose(engine.open_data(data))
    survey = engine.augmentations.begin_survey(choice).answer(PATIENCE)
    order = Order(data=choice, card=survey.card, teacher=teacher, options=options, count=count)
    folder = folder_of(engine.home, survey.digest, order.card, teacher, read_options(teacher, options))
    return choice, survey, order, folder


def test_a_run_that_was_stopped_goes_on_and_asks_nothing_twice_and_no_file_holds_the_key(
    engine,
    data,
    endpoint,
):
    def slow(number, body):
        time.sleep(0.1)
        return good(number, body)

    teacher = endpoint(slow)
    choice, survey, order, folder = ordered(engine, data, "openai", 40, url=teacher.url, model="m")
    assert (survey.seeds, survey.most) == (survey.card.seeds, 4 * survey.seeds)
    tried = engine.augmentations.begin_try(order, KEY).answer(PATIENCE)
    assert tried.rows == 4
    assert len(teacher.bodies) == 1
    going = engine.augmentations.begin_run(order, KEY, folder)
    while len(teacher.bodies) < 4:
        time.sleep(0.01)
    ask_to_stop(folder)
    stopped = going.answer(PATIENCE)
    assert "stopped" in stopped.ended
    assert stopped.over
    done = engine.augmentations.begin_run(order, KEY, folder).answer(PATIENCE)
    assert done.taken == 40
    assert not done.ended
    assert read_standing(folder) == done
    questions = [body["messages"][1]["content"] for body in teacher.bodies]
    assert len(questions) == len(set(questions)), "each question was asked and paid once"
    assert all(headers["Authorization"] == f"Bearer {KEY}" for headers in teacher.headers)
    kept = [path for path in engine.home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert kept == []
    used = engine.augmentations.begin_use(choice, folder).answer(PATIENCE)
    table = engine.library.find(used.source).files["train"].read_text()
    origins = [origin_of(json.loads(line)[COLUMN]) for line in table.splitlines()]
    assert sum(origin is not None for origin in origins) == used.rows == 40


def test_what_people_decide_outweighs_what_was_chosen_and_edited_rows_say_so(engine, data):
    choice, _, order, folder = ordered(engine, data, "rules", 20)
    engine.augmentations.begin_run(order, "", folder).answer(PATIENCE)
    candidates = read_candidates(folder)
    taken = [one for one in candidates if one.taken]
    rejected = next(one for one in candidates if one.check and not one.leaks)
    assert taken
    assert all(one.near_row and one.near > 0 for one in taken)
    edited = {**taken[1].cells, "text": "A wholly other apple, pear, plum and cherry stood between baning and gotri."}
    decisions = {
        taken[0].id: Decision(verdict="reject"),
        taken[1].id: Decision(verdict="accept", cells=edited),
        rejected.id: Decision(verdict="accept"),
    }
    write_decisions(folder, decisions)
    assert read_decisions(folder) == decisions
    assert is_accepted(rejected, decisions)
    assert not is_accepted(taken[0], decisions)
    used = engine.augmentations.begin_use(choice, folder).answer(PATIENCE)
    rows = [json.loads(line) for line in engine.library.find(used.source).files["train"].read_text().splitlines()]
    new = {row["text"]: origin_of(row[COLUMN]) for row in rows if origin_of(row[COLUMN])}
    assert len(new) == used.rows == len(taken)
    assert "edited by a person" in new[edited["text"]].teacher
    assert taken[0].cells["text"] not in new
    assert rejected.cells["text"] in new


def test_a_row_like_a_held_out_one_is_not_used_whatever_somebody_writes(engine, data):
    choice, _, order, folder = ordered(engine, data, "rules", 20)
    engine.augmentations.begin_run(order, "", folder).answer(PATIENCE)
    held = engine.split(choice).test[0]
    text = next(
        json.loads(line)["text"] for number, line in enumerate(data.read_text().splitlines(), 1) if number == held.row
    )
    one = next(one for one in read_candidates(folder) if one.taken)
    write_decisions(folder, {one.id: Decision(verdict="accept", cells={**one.cells, "text": text})})
    used = engine.augmentations.begin_use(choice, folder).answer(PATIENCE)
    assert used.leaking == 1
    engine.library.forget(engine.source(choice.source), ())
    assert not folder.exists(), "what was written from rows goes with them"


def test_a_teacher_that_fails_leaves_what_went_wrong_and_what_to_do(engine, data, endpoint):
    teacher = endpoint(lambda number, body: (401, {}, "{}"))
    _, _, order, folder = ordered(engine, data, "openai", 20, url=teacher.url, model="m")
    with pytest.raises(UserError, match="does not accept the key"):
        engine.augmentations.begin_try(order, KEY).answer(PATIENCE)
    with pytest.raises(UserError, match="given up"):
        engine.augmentations.begin_run(order, KEY, folder).answer(PATIENCE)
    standing = read_standing(folder)
    assert standing.over
    assert "does not accept the key" in standing.problem
    assert "start the same again" in standing.fix


def test_rules_make_rows_of_one_label_from_its_seeds_and_pay_nothing(engine, data):
    _, _, order, folder = ordered(engine, data, "rules", 30)
    standing = engine.augmentations.begin_run(order, "", folder).answer(PATIENCE)
    assert standing.taken == 30
    assert standing.cost == 0
    assert {one.teacher for one in read_candidates(folder)} == {"rules"}
    assert not TEACHERS["rules"].costs


def test_edited_cells_are_refused_with_the_column_that_is_wrong(engine, data):
    known = engine.augmentations.known(engine.choose(engine.open_data(data)))
    for cells, column in (({"text": " ", "label": "tool"}, "text"), ({"text": "A saw.", "label": "boat"}, "label")):
        with pytest.raises(SettingsError) as refused:
            check_cells(cells, known.shape, known.labels)
        assert list(refused.value.problems) == [column]


def test_rows_made_by_rules_keep_an_answer_right():
    from core.augment.entries import Shape
    from core.augment.teachers.teacher import Request
    from core.augment.variation import Cell

    shape = Shape(
        format="question_answer",
        mapping={"context": "context", "question": "question", "answer": "answer"},
        instruction="",
        inputs=("context", "question"),
        answers=("answer",),
    )
    chance = random.Random(3)
    seeds = []
    for number in range(6):
        sales, costs = chance.randint(100, 999), chance.randint(1000, 9999)
        context = f"Sales were {sales} million in 2019. Costs came to {costs} thousand. The board met twice in spring."
        cells = {"context": context, "question": "What were the sales in 2019?", "answer": f"{sales} million"}
        seeds.append(shape.entry(cells, number + 1))
    cell = Cell(cluster=0, label="", length="short", style="plain", constraint="")
    request = Request(number=0, prompt="", shots=seeds, cell=cell, shape=shape, rows=40, most_tokens=1)
    rules = TEACHERS["rules"]
    rows = [json.loads(line) for line in rules.open(rules.options(), "")(request).text.splitlines()]
    assert len(rows) == 40
    for row in rows:
        assert re.search(rf"Sales were {row['answer'].split()[0]} million", row["context"])
