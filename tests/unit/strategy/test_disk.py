"""Room on the disk: what folders take, also while runs write into them."""

import threading

from core.strategy.disk import size_of


def test_a_folder_is_measured_while_its_files_come_and_go(tmp_path):
    (tmp_path / "kept").write_bytes(b"x" * 1000)
    over, failed = threading.Event(), []

    def look():
        try:
            while not over.is_set():
                assert size_of(tmp_path) >= 1000
        except BaseException as error:
            failed.append(error)
            raise

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(300):
        partial, best = tmp_path / ".best.partial", tmp_path / f"best-{number}"
        partial.mkdir()
        for name in range(30):
            (partial / f"{name}").write_bytes(b"y" * 10)
        partial.rename(best)
        for path in best.iterdir():
            path.unlink()
        best.rmdir()
    over.set()
    looking.join()
    assert failed == []


def test_what_is_not_there_takes_nothing_and_links_take_no_more_than_themselves(tmp_path):
    assert size_of(tmp_path / "none") == 0
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path / "large")
    assert 0 < size_of(inside) < 1000
