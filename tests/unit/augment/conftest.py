"""Data, and endpoints that answer as a test wants."""

import json
import random

import pytest

from tests.unit.augment.endpoint import Endpoint
from tests.unit.augment.sentences import sentence


@pytest.fixture
def data(tmp_path):
    chance = random.Random(1)
    rows = [{"text": sentence(chance, label), "label": label} for label in ("fruit", "tool") * 60]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def endpoint():
    made = []

    def make(script):
        made.append(Endpoint(script))
        return made[-1]

    yield make
    for one in made:
        one.close()
