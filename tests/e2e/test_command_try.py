"""Base and tuned model asked from the command line, after a real run on a few short rows."""

import json

import pytest

from tests.e2e.served import run_app
from tests.e2e.trained import train_small

pytestmark = pytest.mark.timeout(900)
COLOURS = {"red", "green", "blue"}


def test_try_asks_both_models_of_a_run_and_answers_programs_and_people(tmp_path):
    rows = [f"a {colour} fruit from tree {number},{colour}" for number, colour in enumerate(sorted(COLOURS) * 16)]
    (tmp_path / "fruit.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    home = tmp_path / "home"
    run_id = train_small(home, tmp_path / "fruit.csv", "Fruit", 24)
    done = run_app(home, "try", run_id, "--row", "1", "--json", "--set", "most_tokens=8")
    assert done.returncode == 0, done.stderr
    [said] = map(json.loads, done.stdout.splitlines())
    assert said["reference"] in COLOURS
    assert set(said["base"]["labels"]) == COLOURS
    assert 0 < said["tuned"]["tokens"] <= 8
    assert said["step"] > 0
    told = run_app(home, "try", run_id, "a red fruit", "--weights", "base", "--set", "most_tokens=4")
    assert "Base: " in told.stdout
    assert "Tuned" not in told.stdout
    wrong = run_app(home, "try", run_id, "x", "--json", "--set", "temperature=hot", "--set", "top_k=-1")
    assert wrong.returncode == 2
    assert set(json.loads(wrong.stdout)["error"]["problems"]) == {"temperature", "top_k"}
