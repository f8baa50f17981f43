import hashlib

import httpx
import pytest

from core.engine import Engine
from core.events import Exported, RunState, StateChanged
from core.export import extras
from core.export.serve import MODULES
from core.strategy.model_facts import STARTER_FOLDER
from tests.e2e.seeding import seed
from tests.e2e.served import Served
from tests.e2e.viewer import says


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A dashboard, and the id of a run with an export of two files, one of which is a secret beside it."""
    home = tmp_path_factory.mktemp("files") / "home"
    run_id = seed(home)
    engine = Engine(home, launcher="thread")
    folder = engine.store.run_folder(run_id) / "exports" / "merged"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights" * 1000)
    (folder / "secret.txt").write_text("not of the export", encoding="utf-8")
    job = engine.store.add_job(run_id, "export", {"exporter": "merged", "out": str(folder)})
    digits = hashlib.sha256(b"weights" * 1000).hexdigest()
    said = Exported(
        exporter="merged", folder=str(folder), size_bytes=7000, checksums={"model.safetensors": digits}, seconds=1.0
    )
    states = [StateChanged(state=state) for state in (RunState.PREPARING, RunState.EXPORTING)]
    for event in [*states, said, StateChanged(state=RunState.DONE)]:
        engine.store.append(job.id, event)
    engine.close()
    server = Served(home)
    yield server, run_id
    server.end()


def test_a_file_of_an_export_comes_as_a_download_by_its_link(served):
    server, run_id = served
    answer = httpx.get(f"{server.url}/exports/{run_id}/merged/model.safetensors")
    assert answer.status_code == 200
    assert answer.content == b"weights" * 1000
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "path",
    [
        "{run}/merged/secret.txt",
        "{run}/merged/..%2f..%2fplan.json",
        "{run}/merged/../merged/secret.txt",
        "{run}/adapter/adapter_model.safetensors",
        "{run}/nothing/model.safetensors",
        "r0000000000/merged/model.safetensors",
        "..%2f..%2f/merged/model.safetensors",
        "{run}/merged/%00",
    ],
)
def test_nothing_but_what_an_export_wrote_can_be_named(served, path):
    server, run_id = served
    answer = httpx.get(f"{server.url}/exports/{path.format(run=run_id)}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_another_site_gets_no_export(served):
    server, run_id = served
    address = f"{server.url}/exports/{run_id}/merged/model.safetensors"
    assert httpx.get(address, headers={"host": "evil.example"}).status_code == 400
    assert httpx.get(address, headers={"origin": "https://evil.example"}).status_code == 403


def test_a_run_is_packed_by_a_button_and_taken_in_by_another_dashboard(tmp_path, serve, look):
    run_id = seed(tmp_path / "one")
    one, other = serve(tmp_path / "one"), serve(tmp_path / "other")
    page = look.tab(f"{one.url}/?run={run_id}&step=5")
    page.click("#ft-pack-run")
    with page.expect_download() as waiting:
        page.click(f"a[href$='{run_id}.zip']")
    file = tmp_path / f"{run_id}.zip"
    waiting.value.save_as(file)
    page = look.tab(f"{other.url}/?step=6")
    says(page, "No runs yet")
    page.set_input_files("#ft-take-in input, input#ft-take-in, input[type=file][accept*='zip']", file)
    says(page, "1 run, 1 scored")


@pytest.mark.slow
@pytest.mark.skipif(bool(extras.missing(MODULES)), reason=extras.how_to_install("serving"))
def test_the_merged_model_is_served_by_a_button_and_ended_by_another(tmp_path, serve, look):
    home = tmp_path / "home"
    run_id = seed(home)
    engine = Engine(home, launcher="thread")
    job = engine.store.add_job(run_id, "export", {"exporter": "merged", "out": str(STARTER_FOLDER)})
    said = Exported(exporter="merged", folder=str(STARTER_FOLDER), size_bytes=7000)
    states = [StateChanged(state=state) for state in (RunState.PREPARING, RunState.EXPORTING)]
    for event in [*states, said, StateChanged(state=RunState.DONE)]:
        engine.store.append(job.id, event)
    engine.close()
    page = look.tab(f"{serve(home).url}/?run={run_id}&step=5")
    page.click("#ft-serve:enabled")
    says(page, "Ready at")
    says(page, "curl http")
    page.click("#ft-stop-serving")
    says(page, "Programs on this machine can ask")
