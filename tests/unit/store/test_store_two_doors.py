"""The store and the server's lock are two doors to one file, opened by one process."""

import subprocess
import sys
from pathlib import Path

from core.store.lock import ServerLock
from core.store.store import Store

ROOT = Path(__file__).resolve().parents[3]


def _in_another_process(home: Path) -> str:
    code = f"import pathlib, core.store.store as s; print(s.Store(pathlib.Path({str(home)!r})).draft('walk'))"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_second_door_in_the_same_process_loses_nothing_that_others_could_read(tmp_path):
    # Closing any descriptor of a file drops the locks that this process holds on it; the next process that leaves
    # would then take itself for the last one and delete the journal under the first.
    store = Store(tmp_path)
    store.save_draft("walk", {"typed": 1})
    ServerLock(tmp_path)
    assert _in_another_process(tmp_path).strip() == "{'typed': 1}"
    store.save_draft("walk", {"typed": 2})
    assert _in_another_process(tmp_path).strip() == "{'typed': 2}"
