"""The page of new rows: what it keeps, what it says, and what it never keeps."""

import time
from html import unescape

import pytest

from core.augment.filter.funnel import Stage
from core.augment.pipeline import Forecast
from core.augment.standing import Standing
from core.augment.survey import Tried
from core.augment.teachers import TEACHERS
from core.engine import Engine
from core.errors import SettingsError
from core.problems import EMPTY
from ui import augmentsheet
from ui.augmenting import Augmenting

PATIENCE = 240


@pytest.fixture
def desk(tmp_path):
    engine = Engine(tmp_path / "home")
    yield Augmenting(engine), engine
    engine.close()


def surveyed(augmenting, choice):
    until = time.monotonic() + PATIENCE
    while (found := augmenting.survey(choice)) is None and time.monotonic() < until:
        time.sleep(0.05)
    return found


def test_a_key_belongs_to_one_address_and_an_address_with_a_secret_is_not_written_down(desk):
    augmenting, engine = desk
    augmenting.keep_options("openai", {"url": "http://127.0.0.1:1/v1", "model": "m"})
    augmenting.remember_key("http://127.0.0.1:1/v1", "sk-canary")
    assert augmenting.key("openai") == "sk-canary"
    augmenting.keep_options("openai", {"url": "http://elsewhere:1/v1", "model": "m"})
    assert augmenting.key("openai") == ""
    for address in ("http://me:sk-canary@elsewhere/v1", "http://elsewhere/v1?key=sk-canary"):
        augmenting.keep_options("openai", {"url": address, "model": "m"})
        assert "sk-canary" not in str(engine.draft("augment"))
    kept = [path for path in engine.home.rglob("*") if path.is_file() and b"sk-canary" in path.read_bytes()]
    assert kept == []


def test_all_that_is_wrong_is_told_at_once_and_what_is_right_becomes_an_order(desk):
    augmenting, engine = desk
    choice = engine.choose(engine.open_data("legal_clauses"))
    survey = surveyed(augmenting, choice)
    assert augmenting.count(choice, survey) == survey.seeds
    augmenting.keep_shared(limits={"price_in": -1.0})
    with pytest.raises(SettingsError) as refused:
        augmenting.order(choice, survey)
    assert set(refused.value.problems) == {"model", "price_in"}
    augmenting.keep_shared(limits={"price_in": 2.0})
    augmenting.keep_options("openai", {"url": "http://127.0.0.1:1/v1", "model": "m"})
    augmenting.keep(choice.source, count=10_000_000)
    assert augmenting.order(choice, survey).count == survey.most
    edited = survey.card.model_copy(update={"description": "Say what kind of clause it is."})
    augmenting.keep(choice.source, card=edited.model_dump(mode="json"))
    assert augmenting.card(choice) == edited
    assert surveyed(augmenting, choice).usual.question.count("Say what kind of clause it is.") == 1


def test_a_field_that_nobody_filled_in_yet_is_no_mistake():
    told = augmentsheet.problems(SettingsError({"model": EMPTY}))
    assert "Still to fill in: model." in unescape(told)
    assert "alert" not in told
    assert "alert" in augmentsheet.problems(SettingsError({"model": EMPTY, "price_in": "is below 0"}))
    assert augmentsheet.problems(None) == ""


def standing(**changed):
    stages = (Stage(name="copy", title="asks what another row asks", seen=9, rejected=3, note=""),)
    values = {"at": time.time(), "wanted": 8, "good": 6, "taken": 5, "candidates": 9, "stages": stages}
    return Standing(**values | changed)


def test_candidates_are_counted_by_what_became_of_them():
    told = augmentsheet.bar(standing(unreadable={"no row": 1}))
    for words in ("taken <b>5</b>", "not needed <b>1</b>", "rejected <b>4</b>", "asks what another row asks"):
        assert words in told.replace("&#44;", ",")


def test_time_and_money_are_said_only_where_they_were_measured_or_given():
    found = Forecast(questions=40, prompt_tokens=4000, answer_tokens=8000, cost=1.5)
    teacher = TEACHERS["openai"]
    bare = augmentsheet.forecast(found, teacher, None, priced=False)
    assert "press Test" in bare
    assert "give prices" in bare
    assert "1&#46;50" not in bare
    tried = Tried(seconds=2.0, rows=4, unreadable={}, first={}, said="", prompt_tokens=1, answer_tokens=1)
    full = augmentsheet.forecast(found, teacher, tried, priced=True)
    assert "1&#46;50" in full
    assert "about 20 s" in full
    assert "nothing is paid" in augmentsheet.forecast(found, TEACHERS["rules"], None, priced=False)


def test_what_a_teacher_says_is_shown_as_text_alone():
    tried = Tried(
        seconds=2.0,
        rows=0,
        unreadable={"<img src=x onerror=alert(1)>": 1},
        first={},
        said="<script>alert(2)</script>",
        prompt_tokens=1,
        answer_tokens=1,
    )
    told = augmentsheet.tried(tried, None)
    assert "<img" not in told
    assert "<script" not in told
