import json
import os
import time

import pytest

from core.backend.checkpoints import checkpoint_folder, examine, newest, restore, rotate, write_folder


def _write(run, step, **facts):
    def fill(folder):
        (folder / "weights").write_bytes(bytes([step % 256]) * 100)
        (folder / "training_args.bin").write_text("token")

    return write_folder(checkpoint_folder(run, step), fill, facts)


def _damage(path, how):
    if how == "deleted":
        path.unlink()
    elif how == "halved":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


def test_a_folder_is_complete_and_holds_no_tokens(tmp_path):
    assert _write(tmp_path, 3) == 100
    assert {path.name for path in checkpoint_folder(tmp_path, 3).iterdir()} == {"weights", "manifest.json"}
    assert examine(checkpoint_folder(tmp_path, 3)) is None


@pytest.mark.parametrize("file", ["weights", "manifest.json"])
@pytest.mark.parametrize("how", ["deleted", "halved", "emptied", "flipped"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_offered(tmp_path, file, how):
    _write(tmp_path, 9)
    _write(tmp_path, 10)
    if (file, how) == ("manifest.json", "flipped"):
        path = checkpoint_folder(tmp_path, 10) / file
        path.write_text(path.read_text().replace('"size": 100', '"size": 101'))
    else:
        _damage(checkpoint_folder(tmp_path, 10) / file, how)
    place, damaged = newest(tmp_path)
    assert place == checkpoint_folder(tmp_path, 9)
    assert damaged[0].folder.name == "checkpoint-10"
    assert damaged[0].file in {file, "weights"}


def test_whoever_is_ended_while_writing_leaves_what_was_there(tmp_path):
    _write(tmp_path, 1)

    def fill(folder):
        (folder / "weights").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(checkpoint_folder(tmp_path, 2), fill)
    assert newest(tmp_path) == (checkpoint_folder(tmp_path, 1), [])


def test_the_best_weights_survive_an_end_between_the_two_renames(tmp_path, monkeypatch):
    best = tmp_path / "best"
    write_folder(best, lambda folder: (folder / "weights").write_text("old"))
    from pathlib import Path

    plain, renames = Path.rename, []

    def rename(self, target):
        renames.append(target)
        if len(renames) == 2:
            raise KeyboardInterrupt
        return plain(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(KeyboardInterrupt):
        write_folder(best, lambda folder: (folder / "weights").write_text("new"))
    monkeypatch.undo()
    restore(best)
    assert (best / "weights").read_text() == "old"
    assert examine(best) is None


def test_the_newest_steps_are_kept_whatever_the_clock_says(tmp_path):
    for step in (8, 9, 10, 100):
        _write(tmp_path, step)
        past = time.time() - step * 1000
        os.utime(checkpoint_folder(tmp_path, step), (past, past))
    rotate(tmp_path)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["checkpoint-10", "checkpoint-100"]


def test_the_manifest_is_plain_json(tmp_path):
    _write(tmp_path, 1, decides={})
    manifest = json.loads((checkpoint_folder(tmp_path, 1) / "manifest.json").read_text())
    assert set(manifest["files"]["weights"]) == {"size", "sha256"}
