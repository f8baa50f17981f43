"""Versions after a crash, over damage, and from two tabs at once: the old rows are always there, no half one is."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.dataset.files.source import find_source, open_source
from core.dataset.load import choose, inspect, read_tables
from core.dataset.versions.forget import forget
from core.dataset.versions.history import history, make_version
from core.dataset.versions.mending import mend
from core.errors import DataError, NotFoundError, UserError

ROOT = Path(__file__).resolve().parents[3]
ROWS = "text,label\n" + "".join(f"this is text number {n},{'a' if n % 2 else 'b'}\n" for n in range(30))

CRASH = """
import os, sys
from pathlib import Path
from core.dataset.files.source import find_source
from core.dataset.load import read_tables
from core.dataset.versions.forget import forget
from core.dataset.versions.history import make_version

home, upload, task = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
parent = find_source(upload, home)
tables = read_tables(parent)
left = 0

def deadly(call):
    def counted(*given, **more):
        global left
        left -= 1
        if left == 0:
            os._exit(9)
        done = call(*given, **more)
        left -= 1
        if left == 0:
            os._exit(9)
        return done
    return counted

for name in ("mkdir", "open", "write", "fsync", "link", "replace", "rename", "unlink", "rmdir"):
    setattr(os, name, deadly(getattr(os, name)))
deaths = 0
while True:
    deaths += 1
    child = os.fork()
    if child == 0:
        left = deaths
        if task == "make":
            make_version(parent, tables, f"Change number {deaths}.", home)
        else:
            forget(parent, home, ())
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 9:
        break
    print(deaths, flush=True)
    if task == "forget" and not (home / "datasets" / upload).is_dir():
        break
"""


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def upload(tmp_path, home):
    (tmp_path / "data.csv").write_text(ROWS)
    return open_source(tmp_path / "data.csv", home)


def version_of(parent, home, act="Changed."):
    return make_version(parent, read_tables(parent), act, home)


def crash(home, upload, task):
    command = [sys.executable, "-c", CRASH, str(home), upload.id, task]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return len(done.stdout.split())


@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_a_process_that_dies_at_any_write_leaves_the_old_version_and_no_half_one(home, upload):
    first = version_of(upload, home, "The first change.")
    deaths = crash(home, first, "make")
    assert deaths > 8
    assert find_source(first.id, home) == first
    versions = history(upload, home)
    assert versions[0].id == upload.id
    assert first.id in {version.id for version in versions}
    for version in versions:  # what is listed is whole
        assert len(read_tables(find_source(version.id, home))["train"].rows) == 30
    assert sum(version.act.startswith("Change number") for version in versions) >= 1


@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_a_process_that_dies_while_data_are_deleted_leaves_them_whole_or_not_there(home, upload):
    assert crash(home, upload, "forget") > 2
    try:
        assert find_source(upload.id, home) == upload
    except NotFoundError:
        assert not (home / "datasets" / upload.id).exists()


def test_what_a_killed_process_left_behind_is_swept_away_later(home, upload):
    old, new = home / "datasets" / ".new-old", home / "datasets" / ".new-young"
    for folder in (old, new):
        folder.mkdir()
        (folder / "train.jsonl").write_text("{}")
    os.utime(old, (1, 1))
    version_of(upload, home)
    assert not old.exists()
    assert new.exists()


def test_a_folder_that_is_not_complete_yet_is_no_version(home, upload):
    version = version_of(upload, home)
    folder = home / "datasets" / version.id
    folder.rename(folder.with_name(".new-abcdefgh"))
    assert [one.id for one in history(upload, home)] == [upload.id]


DAMAGE = [
    "", "{", "[]", "null", "7", '"x"', '{"parent": 7}', '{"name": [], "kept": {"train": "train.csv"}}',
    '{"name": "a", "kept": {"train": "../../../etc/passwd"}}', '{"name": "a", "kept": {"train": "/etc/passwd"}}',
    '{"name": "a", "kept": {"train": 1}}', '{"name": "a", "kept": {}}', '{"name": "a", "kept": []}',
    '{"name": "a", "kept": {"train": "train.jsonl"}, "numbers": {"train": ["x"]}}',
    '{"name": "a", "kept": {"train": "train.jsonl"}, "parent": "x", "made": 7}', "[" * 100_000, "\0", '{"a": \ud800}',
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_origin_hides_that_version_only(home, upload, damage):
    first, second = version_of(upload, home, "One."), version_of(upload, home, "Two.")
    (home / "datasets" / first.id / "origin.json").write_bytes(damage.encode("utf-8", "surrogatepass"))
    assert [one.id for one in history(second, home)] == [upload.id, second.id]
    with pytest.raises(DataError, match="damaged"):
        find_source(first.id, home)


def test_a_half_written_origin_hides_that_version_only(home, upload):
    first, second = version_of(upload, home, "One."), version_of(upload, home, "Two.")
    path = home / "datasets" / first.id / "origin.json"
    path.write_bytes(path.read_bytes()[:40])
    assert [one.id for one in history(second, home)] == [upload.id, second.id]


def test_versions_outlive_their_parent(home, upload):
    first = version_of(upload, home, "One.")
    second, third = version_of(first, home, "Two."), version_of(first, home, "Three.")
    forget(upload, home, {second.id, third.id})
    for source in (second, third):
        with pytest.raises(NotFoundError):
            find_source(source.parent, home)
        assert source.id in {one.id for one in history(source, home)}
        assert len(read_tables(find_source(source.id, home))["train"].rows) == 30


def test_versions_that_name_each_other_as_parents_end_the_search(home, upload):
    first = version_of(upload, home, "One.")
    second = version_of(first, home, "Two.")
    path = home / "datasets" / first.id / "origin.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"parent": second.id}))
    assert {first.id, second.id} >= {one.id for one in history(find_source(first.id, home), home)}


def test_mends_from_many_tabs_at_once_all_become_versions(home, tmp_path):
    (tmp_path / "data.csv").write_text(ROWS + "this is text number 3,a\n,b\n" + "this is text number 4,b\n")
    source = open_source(tmp_path / "data.csv", home)
    choice = choose(source)
    wanted = [("duplicate-row", ""), ("duplicate-row", ""), ("safe", "")]
    made, errors = [], []

    def apply(one):
        try:
            made.append(mend(choice, [one], home, inspect).choice.source)
        except UserError as error:
            errors.append(error)

    tabs = [threading.Thread(target=apply, args=(one,)) for one in wanted]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert errors == []
    assert len(made) == len(wanted)
    assert {one.id for one in history(source, home)} >= set(made)
    assert len(find_source(source.id, home).files) == 1
    assert not list((home / "datasets").glob(".new-*"))


def test_all_versions_of_an_upload_are_forgotten_but_those_that_a_run_uses(home, upload, tmp_path):
    (tmp_path / "other.csv").write_text(ROWS + "one more,a\n")
    other = open_source(tmp_path / "other.csv", home)
    first = version_of(upload, home, "One.")
    second = version_of(first, home, "Two.")
    assert set(forget(first, home, {second.id})) == {upload.id, first.id}
    assert {path.name for path in (home / "datasets").iterdir()} == {second.id, other.id}
    with pytest.raises(DataError, match="Runs use"):
        forget(second, home, {second.id})
    assert forget(second, home, ()) == [second.id]


def test_a_sample_is_not_forgotten(home):
    with pytest.raises(DataError, match="comes with Fewtune"):
        forget(open_source("legal_clauses", home), home, ())
