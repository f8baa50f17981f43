"""What the untuned model gets with examples, asked from the command line for a run that is scored."""

import json

from tests.e2e.seeding import seed
from tests.e2e.served import run_app
from tests.e2e.test_ui_prompting import few_rows


def test_the_test_rows_are_asked_with_examples_and_the_answer_holds_what_came_of_it(tmp_path):
    home = tmp_path / "home"
    run = seed(home, source=few_rows(tmp_path))
    done = run_app(home, "evaluate", run, "--prompt", "--json")
    assert done.returncode == 0, done.stderr
    beside = {one["name"]: one for one in json.loads(done.stdout)["beside"]}
    assert 0 <= beside["prompt"]["values"]["accuracy"] <= 1
    assert "in its prompt" in beside["prompt"]["told"]
    told = run_app(home, "evaluate", run)
    assert beside["prompt"]["told"] in told.stdout.splitlines()
