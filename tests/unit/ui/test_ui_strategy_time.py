"""The strategy page says what memory and time a plan takes, where that comes from, and what nobody measured."""

from dataclasses import replace

import pytest

from core.engine import Engine
from core.errors import BusyError, MachineError, UserError
from core.strategy.methods import METHODS
from core.strategy.time_forecast import TimeForecast
from ui import advicesheet, drawings, notices, timesheet
from ui.desk import Desk
from ui.markup import text
from ui.measuring import GAVE_WAY, STOPPED
from ui.pages import strategy
from ui.pages.strategy import measure
from ui.pages.strategy.sheet import look

TIME = TimeForecast(
    epoch_seconds=40.0,
    total_seconds=200.0,
    low_seconds=90.0,
    high_seconds=3600.0,
    earliest_epoch=2.0,
    parts={"loading": 4.0, "training": 190.0},
    left_out=("scoring the base and the tuned model",),
    basis="measured in 8 steps on this computer",
    cause="low: early stopping may end it after 2 of 5 epochs; high: all epochs",
    tokens_per_second=1234.0,
    measured_at=0.0,
    peak_gib=0.5,
    energy_kwh=None,
    cost=None,
)


@pytest.fixture
def desk(tmp_path):
    engine = Engine(tmp_path / "home", launcher="thread")
    desk = Desk(engine)
    desk.take(engine.open_data("legal_clauses"))
    yield desk
    desk.measuring.stop()
    engine.close()


def says(markup, sentence):
    return text(sentence) in markup


def test_a_time_that_nobody_measured_is_not_made_up(desk):
    told, *_ = measure.drawn(desk, None)
    assert f"Time: {timesheet.NOT_YET}" in told


def test_a_time_brings_its_range_its_origin_and_what_is_not_in_it():
    told = timesheet.forecast(TIME)
    for sentence in (
        "3 min 20 s",
        "1 min 30 s to 1 h",
        TIME.basis,
        TIME.cause,
        *TIME.left_out,
        "training 3 min 10 s",
    ):
        assert says(told, sentence)
    assert "cost" not in told
    assert "kWh" not in told


def test_cost_and_energy_are_ranges_and_claim_no_currency():
    told = timesheet.forecast(replace(TIME, cost=(0.0625, 2.5), energy_kwh=(0.01, 0.4)), "2,5")
    assert says(told, "0.062 to 2.5")
    assert says(told, "0.010 to 0.40 kWh")
    assert not any(sign in told for sign in "$€£")


@pytest.mark.parametrize(("typed", "price"), [("", None), (" 2.5 ", 2.5), ("2,5", 2.5), ("0", 0.0)])
def test_a_price_is_read_as_people_write_it(typed, price):
    assert timesheet.price_of(typed) == price


@pytest.mark.parametrize("typed", ["cheap", "-1", "nan", "inf", "1e9", "1.000,50"])
def test_what_is_no_price_is_said_and_costs_nothing(desk, typed):
    with pytest.raises(UserError):
        timesheet.price_of(typed)
    desk.keep(price=typed)
    assert measure.price_of(desk) is None
    assert says(timesheet.forecast(TIME, typed), "is no price per hour.")


def test_what_was_learned_and_measured_of_the_memory_stands_on_the_card_in_words(desk):
    sheet = look(desk)
    memory = desk.engine.forecast(sheet.plan)
    plain = advicesheet.card(sheet.plan, memory, None, 0)
    assert "Corrected" not in plain
    assert says(plain, f"{memory.cause.split('; ')[0].capitalize()}."), "why it is a range"
    learned = replace(memory, cause=f"corrected by what 3 runs on this machine measured: x1.07; {memory.cause}")
    card = advicesheet.card(sheet.plan, learned, TIME, 0)
    assert says(card, "Corrected by what 3 runs on this machine measured: x1.07.")
    assert says(card, "At most 512 MiB were held: measured in 8 steps on this computer.")


@pytest.mark.parametrize("method", METHODS)
def test_each_part_of_a_memory_forecast_has_a_name_and_a_meaning(desk, method):
    advice = look(desk).advice
    plan = advice.plan.model_copy(update=advice.instead(method))
    for part in desk.engine.forecast(plan).parts:
        assert drawings.meaning(part), part
        assert drawings.named(part)


def test_the_rows_beside_the_plan_are_forecast_as_the_plan_is_and_have_their_time(desk):
    sheet = look(desk)
    others = desk.outlooks.of(sheet.advice)
    for other in others:
        plan = sheet.advice.plan.model_copy(update=sheet.advice.instead(other.method))
        assert other.memory.parts == desk.engine.forecast(plan).parts
    own = next(one for one in others if one.method == sheet.plan.method)
    timed = [replace(one, time=TIME) if one.method == "full" else one for one in others]
    rows = advicesheet.alternatives(sheet.plan, own, timed)
    assert rows.count(text("1 min 30 s to 1 h")) == 1


class Probe:
    """A measurement that goes on until it is told what came of it."""

    about, share, seconds_left = "taking step 3", 0.5, 4.0

    def __init__(self):
        self.end = TimeoutError()

    def answer(self, timeout=None):
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end

    def stop(self):
        from core.errors import Stopped

        self.end = Stopped()


@pytest.fixture
def probes(desk, monkeypatch):
    begun = []

    def begin(plan):
        begun.append(Probe())
        return begun[-1]

    monkeypatch.setattr(desk.engine, "begin_probe", begin)
    return begun


def test_a_measurement_is_begun_once_and_seen_by_all(desk, probes):
    plan, before = look(desk).plan, desk.measuring.stage
    measure.on_measure_wanted(desk, strategy._drawn)
    measure.on_measure_wanted(desk, strategy._drawn)
    assert len(probes) == 1
    assert desk.measuring.stage != before
    assert desk.measuring.look() == (plan, probes[0])
    assert "taking" in timesheet.progress(plan, probes[0])


def test_a_measurement_that_fails_says_why_on_the_page(desk, probes):
    desk.measuring.begin(look(desk).plan)
    probes[0].end = MachineError("Too little memory.", "Take a smaller batch.")
    assert desk.measuring.look() is None
    drawn = measure.drawn(desk, None)
    assert any(isinstance(piece, str) and says(piece, "Too little memory.") for piece in drawn)


def test_a_stop_is_told_and_gives_the_button_back(desk, probes):
    desk.measuring.begin(look(desk).plan)
    measure.on_stopped(desk, strategy._drawn)
    assert (desk.measuring.look(), desk.measuring.said) == (None, STOPPED)


def test_a_measurement_gives_way_to_a_run_that_is_started_here(desk, probes, monkeypatch):
    told, started = [], []
    monkeypatch.setattr(notices, "tell", lambda message, title: told.append(message))
    monkeypatch.setattr(desk.engine, "start", lambda plan, not_before: started.append(probes[0].end) or "r1")
    desk.measuring.begin(look(desk).plan)
    strategy.on_started(desk)
    assert type(started[0]).__name__ == "Stopped"
    assert told == [GAVE_WAY]


def test_a_measurement_gives_way_to_a_run_that_begins_elsewhere(desk, probes):
    plan = look(desk).plan
    desk.measuring.begin(plan)
    desk.engine.store.add_run(plan.model_dump(mode="json"), "from the command line")
    assert desk.measuring.look() is None
    assert desk.measuring.said == GAVE_WAY


def test_two_plans_are_never_measured_side_by_side(desk):
    plan = look(desk).plan
    desk.measuring.begin(plan)
    with pytest.raises(BusyError):
        desk.measuring.begin(plan.model_copy(update={"batch_size": 2}))


def test_whether_the_settings_are_open_is_kept(desk):
    strategy.on_folded(desk, True)
    assert desk.draft()["expert"] is True
    expert = next(piece for piece in strategy._everything(desk) if type(piece).__name__ == "Accordion")
    assert expert.open is True
