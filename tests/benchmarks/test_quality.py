"""What each method, and each bundled task, gains with the advised plan. Minutes each; prints what it measured."""

import time

import pytest

from core.strategy.methods import METHODS
from tests.e2e.test_main_job import fewtune

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]


def scores(home, *words) -> dict:
    """The metrics of one run, printed with its wall time."""
    began = time.monotonic()
    last = fewtune(home, "train", *words, "--model", "starter")[-1]
    for name, metric in last["metrics"].items():
        low, high = metric["interval"]
        change = f"{metric['base']:.3f} -> {metric['tuned']:.3f}, difference {low:+.3f} to {high:+.3f}"
        print(f"\n{' '.join(words)}: {name} {change}", end="")
    print(f"\n{' '.join(words)}: {time.monotonic() - began:.0f} s")
    return last["metrics"]


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].advised])
def test_every_advised_method_learns_the_kinds_of_clauses(method, tmp_path):
    assert scores(tmp_path, "legal_clauses", "--method", method)["accuracy"]["tuned"] >= 0.75


def test_summaries_of_dialogues_come_closer_to_the_notes(tmp_path):
    rouge = scores(tmp_path, "medical_notes")["rouge_l"]
    assert rouge["tuned"] - rouge["base"] >= 0.08


def test_questions_on_reports_end_with_an_interval_whatever_it_is(tmp_path):
    for metric in scores(tmp_path, "financial_qa").values():
        low, high = metric["interval"]
        assert low <= metric["tuned"] - metric["base"] <= high
