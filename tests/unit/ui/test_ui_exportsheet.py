from html import unescape

from core.events import Exported
from ui import exportsheet


def exported(loss: float, problem: str = "") -> Exported:
    fidelity = {
        "by": "answers",
        "rows": 16,
        "tolerance": 0.1,
        "tuned": {"loss": 0.2, "right": 0.9},
        "exported": {"loss": loss, "right": 0.8},
        "same_tokens": 0.97,
        "same_answers": 0.9,
        "faithful": not problem,
        "problem": problem,
    }
    return Exported(exporter="gptq", folder="/f", size_bytes=1, fidelity=fidelity)


def test_what_rounding_costs_stands_in_red_where_it_is_more_than_usual():
    shown = unescape(exportsheet.result(exported(0.5, "Rounding to 4 bits costs 0.30 nats."), "r1"))
    assert "<b class='bad'>not the same</b>" in shown
    assert "<td><b class='bad'>+0.300</b></td>" in shown
    assert "ft-note bad" in shown


def test_a_rounded_model_that_answers_as_the_tuned_one_shows_nothing_red():
    shown = exportsheet.result(exported(0.21), "r1")
    assert "<b class='good'>same model</b>" in shown
    assert "bad" not in shown
