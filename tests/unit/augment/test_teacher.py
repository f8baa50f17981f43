"""A teacher that fails costs nothing twice, and is shown training rows alone."""

import json
import threading

import pytest

from app import main
from core.augment.journal import Journal
from core.augment.replies import Unreadable, read_rows
from core.augment.spend import Limits
from core.augment.synthetic import SyntheticPipeline
from core.dataset.load import choose, load
from core.dataset.provenance import COLUMN, origin_of
from core.engine import Engine
from core.errors import SettingsError, UserError
from core.job.augmentations import Augmentations
from tests.unit.augment.endpoint import completion
from tests.unit.augment.sentences import good

KEY = "sk-canary-7f3a"


def work_on(data, home, url, **options):
    engine = Engine(home)
    choice = engine.choose(engine.open_data(data))
    augmentations = Augmentations(home)
    known = augmentations.known(choice)
    limits = options.pop("limits", None)
    work = augmentations.prepare(
        known, augmentations.card(known), "openai", {"url": url, "model": "m", **options}, KEY, limits=limits
    )
    work.first_pause = 0.01
    engine.close()
    return augmentations, choice, work


def run(work, count=12):
    return work.run(count, lambda event: None, threading.Event())


def test_rows_come_with_their_origin_and_only_train(data, tmp_path, endpoint):
    augmentations, choice, work = work_on(data, tmp_path / "home", endpoint(good).url)
    outcome = run(work)
    assert len(outcome.chosen) == 12
    source = augmentations.keep(choice, outcome.chosen, "openai m")
    split = load(choose(source), tmp_path / "home", 7)
    before = load(choice, tmp_path / "home", 7)
    assert (split.test, split.validation) == (before.test, before.validation)
    assert len(split.train) == len(before.train) + 12
    rows = [json.loads(line) for line in source.files["train"].read_text().splitlines()]
    origins = [origin_of(row[COLUMN]) for row in rows]
    assert origins[:120] == [None] * 120
    trained = {example.row for example in before.train}
    for origin in origins[120:]:
        assert origin.teacher == "openai m"
        assert origin.seeds
        assert set(origin.seeds) <= trained


def test_no_held_out_row_ever_stands_in_a_prompt(data, tmp_path, endpoint):
    teacher = endpoint(good)
    _, choice, work = work_on(data, tmp_path / "home", teacher.url)
    run(work, 40)
    split = load(choice, tmp_path / "home", 7)
    prompts = "\n".join(body["messages"][1]["content"] for body in teacher.bodies)
    held = [example.turns[-1].content.split("\n\n")[-1] for example in (*split.validation, *split.test)]
    assert held
    assert not [text for text in held if text in prompts]
    assert any(example.turns[-1].content.split("\n\n")[-1] in prompts for example in split.train)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_teacher_is_asked_again(data, tmp_path, endpoint, status):
    def script(number, body):
        return (status, {"Retry-After": "0"}, "busy") if number % 2 == 0 else good(number, body)

    _, _, work = work_on(data, tmp_path / "home", endpoint(script).url)
    assert len(run(work).chosen) == 12


BROKEN = {
    "a web page": (200, {}, "<html>Sign in</html>"),
    "no choices": (200, {}, '{"choices": []}'),
    "an empty answer": (200, {}, completion("")),
    "a cut answer": (200, {}, completion("x")[:30]),
    "a list": (200, {}, "[]"),
    "a huge answer": (200, {}, ["x" * 2**20] * 50),
    "a slow drip": (200, {}, ["{"] * 20),
    "silence": (200, {}, "hang"),
    "a cut connection": (200, {"Content-Length": "5000"}, "{"),
    "a wrong key": (401, {}, KEY),
    "a redirect": (302, {"Location": "http://169.254.169.254/latest"}, ""),
    "a lasting fault": (500, {}, "no"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_teacher_that_keeps_failing_is_given_up_and_its_answers_stay(data, tmp_path, endpoint, what):
    def script(number, body):
        return good(number, body) if number < 3 else BROKEN[what]

    teacher = endpoint(script)
    _, _, work = work_on(data, tmp_path / "home", teacher.url, timeout=1)
    with pytest.raises(UserError, match="given up after 3") as caught:
        run(work, 60)
    assert KEY not in str(caught.value)
    assert len(teacher.bodies) < 45
    work.options = work.options.model_copy(update={"url": endpoint(good).url})
    assert len(work.candidates_of(Journal(work.folder).read())[0]) == 12


def test_a_restart_pays_for_nothing_again(data, tmp_path, endpoint):
    teacher = endpoint(good)
    _, _, work = work_on(data, tmp_path / "home", teacher.url)
    first = run(work)
    asked = len(teacher.bodies)
    _, _, again = work_on(data, tmp_path / "home", teacher.url)
    second = run(again)
    assert len(teacher.bodies) == asked
    assert [row.cells for row in second.chosen] == [row.cells for row in first.chosen]
    assert second.prompt_tokens == first.prompt_tokens


def test_the_cap_on_tokens_holds(data, tmp_path, endpoint):
    teacher = endpoint(good)
    _, _, work = work_on(data, tmp_path / "home", teacher.url, limits=Limits(most_tokens=4000, price_in=1))
    outcome = run(work, 100)
    assert "cap" in outcome.ended
    assert outcome.prompt_tokens + outcome.answer_tokens <= 4000
    assert outcome.cost == pytest.approx(outcome.prompt_tokens / 1e6)


def test_a_teacher_of_bad_rows_is_not_asked_for_ever(data, tmp_path, endpoint):
    rows = json.dumps([{"text": "As an AI language model I cannot.", "label": "fruit"}] * 4)
    teacher = endpoint(lambda number, body: (200, {}, completion(rows)))
    _, _, work = work_on(data, tmp_path / "home", teacher.url)
    outcome = run(work, 100)
    assert "only 0 are good" in outcome.ended
    assert len(teacher.bodies) <= 45


def test_the_key_goes_to_the_teacher_and_nowhere_else(data, tmp_path, endpoint):
    teacher = endpoint(good)
    _, _, work = work_on(data, tmp_path / "home", teacher.url)
    run(work)
    assert teacher.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(work)
    for path in (tmp_path / "home").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize("url", ["ftp://x/v1", "http://169.254.169.254/v1", "http://user:pass@host/v1", "nowhere"])
def test_an_address_that_may_not_be_asked_is_refused(data, tmp_path, url):
    _, _, work = work_on(data, tmp_path / "home", url)
    with pytest.raises(SettingsError):
        run(work)


def test_json_is_mended_where_it_is_clear_what_was_meant(data, tmp_path):
    shape = work_on(data, tmp_path / "home", "http://127.0.0.1:9/v1")[2].known.shape
    row = {"text": "One apple.", "label": "fruit"}
    labels = frozenset({"fruit", "tool"})
    for text in (
        f"```json\n[{json.dumps(row)},]\n```",
        json.dumps({"examples": [row]}),
        f'Here: {json.dumps(row)} [{{"text": "cut of',
        json.dumps(row) + "\n",
    ):
        assert [one for one in read_rows(text, shape, labels) if not isinstance(one, Unreadable)] == [row]
    for wrong in ("[]", "no", '{"text": 1, "label": ["fruit"]}', '{"text": "x"}', '{"text": "x", "label": "animal"}'):
        assert all(isinstance(one, Unreadable) for one in read_rows(wrong, shape, labels))


def test_the_listing_of_the_guide_works(data, endpoint):
    seeds = [json.loads(line) for line in data.read_text().splitlines()]
    teacher = endpoint(good)
    pipeline = SyntheticPipeline(teacher_model="m", quality_threshold=0.85, diversity_weight=0.3, url=teacher.url)
    candidates = pipeline.generate(
        seed_examples=seeds, target_count=8, task_description="Sort things.", domain_constraints=["She is a trader."]
    )
    kept = pipeline.filter(candidates)
    assert len(kept) == 8
    assert set(kept[0]) == {"text", "label", COLUMN}
    assert "Sort things." in teacher.bodies[0]["messages"][1]["content"]
    assert "She is a trader." in teacher.bodies[0]["messages"][1]["content"]


def test_the_command_writes_card_forecast_and_file(data, tmp_path, endpoint, capsys, monkeypatch):
    monkeypatch.setenv("FEWTUNE_TEACHER_KEY", KEY)
    home, card, out = tmp_path / "home", tmp_path / "card.yaml", tmp_path / "new.jsonl"
    given = ["augment", str(data), "--home", str(home), "--json"]
    teacher = endpoint(good)
    to = ["--set", f"url={teacher.url}", "--set", "model=m", "--count", "8", "--card", str(card)]
    assert main([*given, "--write-card", str(card), "--task", "Sort things."]) == 0
    assert "Sort things." in card.read_text()
    assert main([*given, *to, "--forecast", "--price-in", "2"]) == 0
    assert not teacher.bodies
    assert main([*given, *to, "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[1])["forecast"]["cost"] > 0
    assert json.loads(lines[2])["rows"] == 8
    assert len(out.read_text().splitlines()) == 128
    assert main([*given, "--set", "model=m", "--count", "9999"]) == 2
    assert "count" in json.loads(capsys.readouterr().out)["error"]["problems"]
