"""The scores in a model card."""

from pathlib import Path

from core.dataset.choice import DataChoice
from core.export.exporter import ExportTask
from core.export.facts import describe
from core.strategy.plan import Plan

DATA = DataChoice(name="d", source="s", sha256="0" * 64, format="chat", mapping={})


def card(scores):
    place = Path("somewhere")
    plan = Plan(data=DATA, model="starter", method="lora")
    task = ExportTask(plan=plan, home=place, folder=place, exporter="adapter", out=place, scores=scores)
    return "\n".join(describe(task))


def test_the_model_card_holds_the_scores_of_the_run_or_says_that_there_are_none():
    assert "## Scores\n\nBetter by 31 points." in card("Better by 31 points.")
    assert "## Scores\n\nThis run was not scored" in card("")
