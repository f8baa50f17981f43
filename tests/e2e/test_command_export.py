"""`fewtune export` where it cannot be: said at once, and nothing waits in the queue or is begun."""

import json

import pytest

from core.engine import Engine
from core.export import extras
from core.export.exporters import EXPORTERS
from tests.e2e.seeding import seed
from tests.e2e.served import run_app

ABSENT = [name for name, exporter in EXPORTERS.items() if extras.missing(exporter.modules)]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    home = tmp_path_factory.mktemp("export") / "home"
    return home, seed(home)


def jobs_of(home, run_id):
    engine = Engine(home, launcher="thread")
    try:
        return len(engine.store.jobs(run_id))
    finally:
        engine.close()


@pytest.mark.skipif(not ABSENT, reason="the packages of every form are installed here")
def test_a_form_whose_packages_are_missing_is_refused_with_the_line_that_installs_them(seeded):
    home, run_id = seeded
    before = jobs_of(home, run_id)
    for name in ABSENT[-3:]:
        done = run_app(home, "export", run_id, "--to", name, "--json")
        assert done.returncode == 2, done.stderr
        error = json.loads(done.stdout)["error"]
        assert all(package in error["what"] for package in extras.missing(EXPORTERS[name].modules))
        assert error["fix"] == f'Install them with: pip install "fewtune[{EXPORTERS[name].extra}]"'
    assert jobs_of(home, run_id) == before


def test_a_form_that_a_run_cannot_take_is_refused_with_another(seeded):
    home, _ = seeded
    engine = Engine(home, launcher="thread")
    [first] = engine.runs()
    plan = first.plan.model_dump(mode="json") | {"method": "adapter", "options": {}}
    run_id = engine.store.add_run(plan, "Bottleneck").run_id
    engine.close()
    done = run_app(home, "export", run_id, "--to", "merged")
    assert done.returncode == 2
    assert "Choose 'adapter'" in done.stderr
    assert jobs_of(home, run_id) == 1, "the training alone"
