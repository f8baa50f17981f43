"""What comes late or from elsewhere never lands beside another row, and never on what is being typed."""

import shutil
from typing import Any

import gradio as gr
import pytest

from core.engine import Engine
from tests.unit.judge.conftest import made, run
from ui.desk import Desk
from ui.pages.evaluate import rows
from ui.pages.evaluate.rowparts import place_parts
from ui.tab import EVALUATE

__all__ = ["made", "run"]


class Tab:
    """A browser tab: it sends what its fields hold when it asks, and draws what it is answered when that comes."""

    def __init__(self, desk: Desk, run_id: str) -> None:
        with gr.Blocks():
            self.parts = place_parts()
        self.desk, self.run_id = desk, run_id
        self.values: dict[Any, Any] = {part: part.value for part in self.parts.all}
        self.draw(self.look())

    def draw(self, answer: Any) -> None:
        for part, value in answer.items() if answer != gr.skip() else ():
            if not isinstance(value, gr.components.Component):
                self.values[part] = value

    def look(self) -> Any:
        parts = self.parts
        sent = [parts.found, parts.first, parts.opened, parts.drawn, parts.verdict, parts.note, parts.marks]
        values = [self.values[part] for part in (parts.shown, *sent, *parts.filters.all)]
        return rows.on_looked(self.desk, parts, self.run_id, EVALUATE, *values)

    def step(self) -> Any:
        parts = self.parts
        sent = (parts.found, parts.first, parts.opened, parts.marks)
        return rows.on_stepped(self.desk, parts, 1, self.run_id, *(self.values[part] for part in sent))

    def say(self) -> Any:
        parts = self.parts
        sent = (parts.opened, parts.verdict, parts.note, parts.found, parts.first)
        return rows.on_judged(self.desk, parts, self.run_id, *(self.values[part] for part in sent))

    @property
    def row(self) -> tuple[int, str, str]:
        return self.values[self.parts.opened], self.values[self.parts.verdict], self.values[self.parts.note]


@pytest.fixture
def desk(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "home")
    engine = Engine(tmp_path / "home")
    yield Desk(engine)
    engine.close()


def test_a_note_that_is_kept_while_the_page_goes_on_stays_with_its_row(desk, run):
    tab = Tab(desk, run)
    first, _, _ = tab.row
    tab.values[tab.parts.note] = "An odd one "
    kept = tab.say()
    late = tab.look()
    tab.draw(tab.step())
    tab.draw(kept)
    tab.draw(late)
    second, verdict, note = tab.row
    assert (second != first, verdict, note) == (True, "", "")
    tab.values[tab.parts.verdict] = "base"
    tab.draw(tab.say())
    said = desk.engine.results.judgements(run)
    assert (said[first].note, said[second].verdict, said[second].note) == ("An odd one", "base", "")


def test_what_another_tab_says_is_drawn_and_what_is_being_typed_stays(desk, run):
    tab, other = Tab(desk, run), Tab(desk, run)
    tab.values[tab.parts.note] = "I am still typ"
    other.values[other.parts.verdict] = "tuned"
    other.say()
    tab.draw(tab.look())
    assert tab.row == (other.row[0], "tuned", "I am still typ")
    other.values[other.parts.note] = "Theirs"
    other.say()
    tab.draw(tab.look())
    assert tab.row[2] == "Theirs"
    assert tab.look() == gr.skip()


def test_what_another_tab_says_of_a_row_comes_with_that_row(desk, run):
    tab, other = Tab(desk, run), Tab(desk, run)
    other.values[other.parts.note] = "Theirs"
    other.say()
    late = tab.look()
    tab.draw(tab.step())
    tab.draw(late)
    assert tab.row == (other.row[0], "", "Theirs")
    assert "Theirs" not in [said.note for row, said in desk.engine.results.judgements(run).items() if row != tab.row[0]]
