"""A store in an empty home, and runs that wait in it."""

import pytest

from core.store.store import Store


@pytest.fixture
def store(tmp_path):
    with_home = Store(tmp_path / "home")
    yield with_home
    with_home.close()


def queued(store, *names):
    return [store.add_run({"seed": name}, name).id for name in names]
