import hashlib
import itertools
import threading

import pytest
from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.utils import _http

from core.dataset.choice import DataChoice
from core.errors import BusyError, NotFoundError, SettingsError, UserError
from core.events import Exported, RunState, StateChanged
from core.export import fidelity
from core.export.checksums import write_sums
from core.export.exporters import EXPORTERS, ExportTask, export
from core.export.facts import metadata
from core.export.hub import Destination, pack, push, token_of_this_machine
from core.job.exports import Exports
from core.store.store import Store
from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from tests.unit.export.fake_hub import TOKEN, FakeHub
from tests.unit.export.tuned_runs import rows

WEIGHTS = bytes(range(256)) * 12_000
FULL = {"oid": "0" * 64, "size": 1, "error": {"code": 507, "message": "no room"}}
DATA = DataChoice(name="d", source="s", sha256="0" * 64, format="chat", mapping={})


@pytest.fixture
def hub():
    running = FakeHub()
    yield running
    running.close()


@pytest.fixture
def folder(tmp_path):
    """An export with one large file, and a secret that came to lie beside it later."""
    made = tmp_path / "adapter"
    made.mkdir()
    (made / "adapter_model.safetensors").write_bytes(WEIGHTS)
    (made / "adapter_config.json").write_text("{}", encoding="utf-8")
    (made / "README.md").write_text("---\nlicense: other\n---\n# Colours\n", encoding="utf-8")
    sums = write_sums(made)
    (made / "secret.txt").write_text("not of the export", encoding="utf-8")
    return made, sums


@pytest.fixture
def parcel(folder):
    return pack(*folder, rows=())


@pytest.fixture
def hasty(monkeypatch):
    """The library waits between its attempts; here it does not."""
    monkeypatch.setattr(_http.time, "sleep", lambda _: None)


def faithful(folder, stopping):
    """The check of the export, which takes seconds and is known in other tests."""
    (folder / "answer.json").write_text('{"difference": 0.0}', encoding="utf-8")
    return ""


def send(hub, parcel, repo="colours", *, public=False, token=TOKEN, tell=lambda *_: None):
    return push(parcel, Destination(repo, public, token), tell, hub.url)


def refusal(hub, parcel, *words, **more):
    with pytest.raises(UserError) as raised:
        send(hub, parcel, *words, **more)
    assert raised.value.fix
    assert TOKEN not in str(raised.value)
    return str(raised.value)


def test_an_export_arrives_whole_in_one_commit_of_a_private_repository(hub, folder, parcel):
    told = []
    pushed = send(hub, parcel, tell=lambda about, share: told.append((about, share)))
    assert (pushed.repo, pushed.url, pushed.private) == ("ada/colours", f"{hub.url}/ada/colours", True)
    assert hub.repos["ada/colours"]["private"]
    assert len(hub.repos["ada/colours"]["commits"]) == 1
    files = hub.files("ada/colours")
    assert set(files) == {"adapter_model.safetensors", "adapter_config.json", "README.md", "SHA256SUMS"}
    assert all(content == (folder[0] / name).read_bytes() for name, content in files.items())
    assert any(about.startswith("uploading") and 0 < share < 1 for about, share in told)


def test_public_is_only_what_was_asked_to_be(hub, parcel):
    assert not send(hub, parcel, "ada/open", public=True).private
    assert not hub.repos["ada/open"]["private"]
    hub.repos["ada/known"] = {"private": False, "commits": []}
    assert "public, so nothing was uploaded" in refusal(hub, parcel, "known")
    assert hub.files("ada/known") == {}
    assert len(hub.sent) == 1, "of the public one"


def test_a_card_that_somebody_mended_goes_and_a_file_that_changed_does_not(hub, folder, parcel):
    (folder[0] / "README.md").write_text("---\nlicense: mit\n---\n# Mine\n", encoding="utf-8")
    send(hub, parcel)
    files = hub.files("ada/colours")
    assert files["README.md"].startswith(b"---\nlicense: mit")
    assert hashlib.sha256(files["README.md"]).hexdigest() in files["SHA256SUMS"].decode()
    (folder[0] / "adapter_config.json").write_text('{"r": 1}', encoding="utf-8")
    assert "adapter_config.json is not what was exported" in refusal(hub, parcel)


def test_what_a_cut_connection_left_is_not_sent_again(hub, parcel, folder, hasty, tmp_path):
    hub.cut_at = 100_000
    assert "was cut after" in refusal(hub, parcel)
    assert hub.files("ada/colours") == {}, "nobody ever finds half of it"
    hub.cut_at = 0
    hub.answers["/commit/"] = (503, {"error": "busy"})
    assert "trouble of its own (HTTP 503)" in refusal(hub, parcel)
    hub.answers.clear()
    before = len(hub.sent)
    assert send(hub, parcel).commit == "abc123"
    assert len(hub.sent) == before, "the large file had arrived whole"
    assert hub.files("ada/colours")["adapter_model.safetensors"] == WEIGHTS


def test_a_token_that_the_hub_does_not_know_is_said_and_not_shown(hub, parcel):
    said = refusal(hub, parcel, token="hf_wrong")
    assert "does not know this token" in said
    assert f"{hub.url}/settings/tokens" in said
    assert "hf_wrong" not in said


def test_somebody_elses_name_is_refused_with_a_name_of_ones_own(hub, parcel):
    said = refusal(hub, parcel, "grace/colours")
    assert "does not let the token of ada write to grace/colours" in said
    assert "ada/colours" in said


@pytest.mark.parametrize("name", ["", "a b", "a/b/c", "../..", "-x-", "x" * 97, "ada/", "<img>"])
def test_a_name_that_cannot_be_one_is_refused_before_anybody_is_asked(hub, parcel, name):
    with pytest.raises(SettingsError) as raised:
        send(hub, parcel, name)
    assert "repository" in raised.value.problems
    assert not hub.asked


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("/preupload/", (403, {"error": "read-only"}), "may only read"),
        ("/api/whoami", (429, {}), "fewer questions"),
        ("/api/whoami", (200, "<html>log in</html>"), "is no hub"),
        ("/commit/", (400, {"error": f"no space left for {TOKEN}"}), "no space left for …"),
        ("/validate-yaml", (400, {"errors": [{"message": "license is odd"}]}), "license is odd"),
        ("/objects/batch", (200, {"objects": [FULL]}), "no room"),
    ],
)
def test_what_the_hub_refuses_is_told_in_words(hub, parcel, hasty, path, answer, words):
    hub.answers[path] = answer
    assert words in refusal(hub, parcel)
    assert not hub.repos.get("ada/colours", {}).get("commits")


def test_a_hub_that_is_away_or_forbidden_is_told(hub, parcel, hasty, monkeypatch):
    hub.close()
    assert "does not answer" in refusal(hub, parcel)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    _http.close_session()
    assert "HF_HUB_OFFLINE" in refusal(hub, parcel)
    monkeypatch.undo()
    _http.close_session()


def test_rows_of_the_data_in_the_card_are_counted_before_anything_goes(folder):
    made, sums = folder
    row = "Either party may end this agreement by notice."
    (made / "README.md").write_text(f"# Colours\n\n> {row}\n", encoding="utf-8")
    assert pack(made, sums, rows=[row, row, "red", "Another row that is not in it."]).rows_in_card == 1
    (made / "README.md").unlink()
    with pytest.raises(NotFoundError):
        pack(made, sums, rows=[])


@pytest.fixture
def home(tmp_path, folder):
    """A store with a run whose adapter was exported, and the run's id."""
    store = Store(tmp_path / "home")
    plan = Plan(data=DATA, model="starter", method="lora").model_dump(mode="json")
    run_id = store.add_run(plan, "colours").run_id
    for state in (RunState.PREPARING, RunState.DONE):
        store.append(store.latest(run_id, "train").id, StateChanged(state=state))
    job = store.add_job(run_id, "export", {"exporter": "adapter", "out": str(folder[0])})
    said = Exported(exporter="adapter", folder=str(folder[0]), size_bytes=1, checksums=folder[1])
    states = [StateChanged(state=state) for state in (RunState.PREPARING, RunState.EXPORTING)]
    for event in [*states, said, StateChanged(state=RunState.DONE)]:
        store.append(job.id, event)
    yield store, run_id
    store.close()


def test_a_push_is_a_process_of_its_own_which_keeps_the_link_and_no_token(home, hub, monkeypatch):
    store, run_id = home
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    pushes = Exports(store).pushes
    going = pushes.begin(run_id, "adapter", "colours", token=TOKEN)
    with pytest.raises(BusyError):
        pushes.begin(run_id, "adapter", "other", token=TOKEN)
    assert going.answer(120).repo == "ada/colours"
    assert pushes.pushed(run_id)["adapter"].url == f"{hub.url}/ada/colours"
    assert pushes.pushed(run_id)["adapter"].at > 0
    kept = [path for path in store.home.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_without_a_token_or_an_export_nothing_begins(home, monkeypatch, tmp_path):
    store, run_id = home
    pushes = Exports(store).pushes
    monkeypatch.setattr("core.export.hub.token_of_this_machine", lambda: "")
    with pytest.raises(UserError, match="there is none here"):
        pushes.begin(run_id, "adapter", "colours")
    with pytest.raises(NotFoundError, match="no finished export as 'merged'"):
        pushes.begin(run_id, "merged", "colours", token=TOKEN)
    with pytest.raises(NotFoundError):
        pushes.begin("r0000000000", "adapter", "colours", token=TOKEN)


def test_a_token_that_nobody_may_read_is_none(monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path))
    assert token_of_this_machine() == ""


def test_every_cards_head_is_one_that_hubs_can_read():
    for method, exporter in itertools.product(METHODS, EXPORTERS.values()):
        head = metadata(Plan(data=DATA, model="starter", method=method), exporter)
        data = ModelCard(f"{head}\n# Title\n", ignore_metadata_errors=False).data
        assert data.library_name in {"peft", "transformers", "gguf"}
        assert data.license == "cc-by-4.0", "as the base model's own card says"
        assert ModelCardData(**data.to_dict()).to_dict() == data.to_dict()


def test_a_real_exports_card_goes_with_it_and_holds_no_row(trained, told, tmp_path, hub, monkeypatch):
    monkeypatch.setattr(fidelity, "_run", faithful)
    run = trained("lora")
    out = tmp_path / "out"
    task = ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter="adapter", out=out)
    export(task, told, threading.Event())
    real = pack(out, told.of(Exported)[0].checksums, [text for text, _ in rows()])
    assert real.rows_in_card == 0
    send(hub, real)
    card = ModelCard(hub.files("ada/colours")["README.md"].decode(), ignore_metadata_errors=False)
    assert card.data.tags == ["fewtune", "lora"]
