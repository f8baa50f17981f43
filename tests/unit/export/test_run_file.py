import json
import stat
import zipfile

import pytest

from core.engine import Engine
from core.errors import UserError
from core.events import Exported
from core.export.run_file import write_run
from core.job.exports import RUN
from core.store.judgements import Judgement
from tests.e2e.seeding import seed


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A run of one home as a file, with weights, and the engine it came from."""
    home = tmp_path_factory.mktemp("packed") / "home"
    run_id = seed(home)
    engine = Engine(home, launcher="thread")
    best = engine.store.run_folder(run_id) / "best"
    (best / "adapter_model.safetensors").write_bytes(b"w" * 5000)
    (best / "adapter_config.json").write_text("{}", encoding="utf-8")
    (best / "training_args.bin").write_bytes(b"secret")
    yield engine, run_id, engine.exports.run_file(run_id)
    engine.close()


@pytest.fixture
def elsewhere(tmp_path):
    engine = Engine(tmp_path / "other", launcher="thread")
    yield engine
    engine.close()


def changed(file, to, **files):
    """A copy of the archive with other contents of some files; None leaves one out."""
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(to, "w") as target:
        for entry in source.infolist():
            content = files.pop(entry.filename, source.read(entry))
            if content is not None:
                target.writestr(entry.filename, content)
        for name, content in files.items():
            target.writestr(name, content)
    return to


def test_a_run_arrives_elsewhere_with_its_plan_its_curves_its_scores_and_its_weights(packed, elsewhere):
    engine, run_id, file = packed
    new = elsewhere.exports.take_in(file)
    before, after = engine.run(run_id), elsewhere.run(new)
    assert after.row.name == before.row.name
    assert after.row.state == before.row.state
    assert after.plan == before.plan
    assert after.evaluated == before.evaluated
    kept = [record for record in engine.since(run_id) if record.kind != "export"]
    assert [(r.at, r.event) for r in elsewhere.since(new)] == [(r.at, r.event) for r in kept]
    assert elsewhere.evaluation(new).metrics == engine.evaluation(run_id).metrics
    assert (elsewhere.store.run_folder(new) / "best" / "adapter_model.safetensors").read_bytes() == b"w" * 5000
    assert elsewhere.exports.take_in(file) != new


def test_what_people_said_of_single_rows_travels_along(packed, elsewhere, tmp_path):
    engine, run_id, _ = packed
    first, second = engine.evaluation(run_id).rows[:2]
    engine.store.judge(run_id, first.row, Judgement("tuned", "names the clause", "digest"))
    engine.store.judge(run_id, second.row, Judgement("", "unsure"))
    try:
        file = write_run(engine.store, run_id, tmp_path / "judged.zip")
        new = elsewhere.exports.take_in(file)
        assert elsewhere.store.judgements(new) == engine.store.judgements(run_id)
        with pytest.raises(UserError, match="damaged"):
            elsewhere.exports.take_in(changed(file, tmp_path / "other.zip", **{"verdicts.jsonl": b"{}"}))
    finally:
        for row in (first.row, second.row):
            engine.store.judge(run_id, row, Judgement())


def test_what_travels_names_no_place_of_this_machine_and_holds_no_pickle(packed):
    engine, _, file = packed
    with zipfile.ZipFile(file) as archive:
        assert "best/training_args.bin" not in archive.namelist()
        for name in archive.namelist():
            assert str(engine.home).encode() not in archive.read(name)
        assert b"exported" not in archive.read("events.jsonl")
    assert Exported


def test_the_weights_can_stay(packed, tmp_path):
    engine, run_id, _ = packed
    out = engine.exports.run_file(run_id, tmp_path / "small.zip", weights=False)
    with zipfile.ZipFile(out) as archive:
        assert set(archive.namelist()) == {"manifest.json", "events.jsonl", "evaluation.json"}


def test_a_file_that_is_there_is_not_overwritten(packed, tmp_path):
    engine, run_id, _ = packed
    out = tmp_path / "thesis.zip"
    out.write_text("years of work", encoding="utf-8")
    with pytest.raises(UserError, match="there already"):
        engine.exports.run_file(run_id, out)
    assert out.read_text(encoding="utf-8") == "years of work"


def manifest_with(file, **values):
    with zipfile.ZipFile(file) as archive:
        return json.dumps(json.loads(archive.read("manifest.json")) | values)


def plan_with(file, **values):
    with zipfile.ZipFile(file) as archive:
        plan = json.loads(archive.read("manifest.json"))["plan"]
    return manifest_with(file, plan=plan | values)


DAMAGE = {
    "other weights": lambda file: {"best/adapter_model.safetensors": b"x" * 5000},
    "a shorter log": lambda file: {"events.jsonl": b""},
    "a file more": lambda file: {"best/more.json": b"{}"},
    "a file less": lambda file: {"best/adapter_config.json": None},
    "a way out": lambda file: {"../evil.json": b"{}"},
    "a way out below": lambda file: {"best/../../evil.json": b"{}"},
    "an absolute name": lambda file: {"/tmp/evil.json": b"{}"},
    "a windows name": lambda file: {"best\\evil.json": b"{}"},
    "a pickle": lambda file: {"best/pytorch_model.bin": b"x"},
    "code": lambda file: {"best/modeling.py": b"import os"},
    "no manifest": lambda file: {"manifest.json": None},
    "no plan": lambda file: {"manifest.json": manifest_with(file, plan={})},
    "a plan with more": lambda file: {"manifest.json": plan_with(file, evil=1)},
    "an unknown method": lambda file: {"manifest.json": plan_with(file, method="lorra")},
    "a newer version": lambda file: {"manifest.json": manifest_with(file, format=99)},
    "somebody else's": lambda file: {"manifest.json": manifest_with(file, made_by="me")},
    "no JSON": lambda file: {"manifest.json": "{"},
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_or_hostile_file_is_refused_in_words_and_leaves_nothing(packed, elsewhere, tmp_path, name):
    file = packed[2]
    bad = changed(file, tmp_path / "bad.zip", **DAMAGE[name](file))
    with pytest.raises(UserError) as refusal:
        elsewhere.exports.take_in(bad)
    assert refusal.value.what
    assert refusal.value.fix
    assert elsewhere.runs() == []
    assert list((elsewhere.home / "runs").iterdir()) == []
    assert not list(elsewhere.home.glob(".arriving-*"))
    assert {path.name for path in tmp_path.iterdir()} == {"bad.zip", "other"}


def test_a_link_in_the_file_is_refused(packed, elsewhere, tmp_path):
    bad = changed(packed[2], tmp_path / "bad.zip")
    with zipfile.ZipFile(bad, "a") as archive:
        entry = zipfile.ZipInfo("best/link.json")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(UserError, match=r"link\.json"):
        elsewhere.exports.take_in(bad)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(packed, elsewhere, tmp_path, share):
    whole = packed[2].read_bytes()
    bad = tmp_path / "bad.zip"
    bad.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError):
        elsewhere.exports.take_in(bad)
    assert elsewhere.runs() == []


def test_a_flipped_bit_is_noticed(packed, elsewhere, tmp_path):
    whole = bytearray(packed[2].read_bytes())
    at = bytes(whole).index(b"wwww")
    whole[at + 100] ^= 1
    (tmp_path / "bad.zip").write_bytes(whole)
    with pytest.raises(UserError, match="damaged"):
        elsewhere.exports.take_in(tmp_path / "bad.zip")


def test_a_packed_run_is_handed_out_by_its_link_and_no_other(packed):
    engine, run_id, file = packed
    assert engine.exports.file(run_id, RUN, f"{run_id}.zip") == file
    with pytest.raises(UserError):
        engine.exports.file(run_id, RUN, "evaluation.json")
