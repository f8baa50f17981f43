"""The teacher "openai" talks to a real server of that protocol: the one that serves models on this machine."""

import time
from pathlib import Path

import pytest

from core.augment.entries import Shape
from core.augment.teachers import TEACHERS
from core.augment.teachers.teacher import Request, Trouble
from core.augment.variation import Cell
from core.export import extras, serve
from core.export.serve import Server

STARTER = Path(__file__).parents[3] / "assets" / "starter"
pytestmark = [
    pytest.mark.skipif(bool(extras.missing(serve.MODULES)), reason=extras.how_to_install("serving")),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


def question(number, prompt):
    shape = Shape(format="labelled_text", mapping={}, instruction="", inputs=("text",), answers=("label",))
    cell = Cell(cluster=0, label="", length="short", style="plain", constraint="")
    return Request(number=number, prompt=prompt, shots=(), cell=cell, shape=shape, rows=4, most_tokens=24)


def test_a_real_server_answers_counts_its_tokens_and_keeps_to_the_longest_answer(tmp_path):
    server = Server(STARTER, tmp_path / "log")
    try:
        until = time.monotonic() + 240
        while server.health().state == "starting" and time.monotonic() < until:
            time.sleep(0.5)
        assert server.health().state == "ready", server.health()
        openai = TEACHERS["openai"]
        ask = openai.open(openai.options(url=server.url, model=str(STARTER), timeout=240), "")
        reply = ask(question(0, "Write a row.\nAnswer with JSON alone."))
        assert reply.text
        assert reply.counted
        assert 0 < reply.answer_tokens <= 24
        assert reply.prompt_tokens > 5
        elsewhere = openai.open(openai.options(url=server.url.removesuffix("/v1"), model=str(STARTER)), "")
        with pytest.raises(Trouble) as refused:
            elsewhere(question(1, "Write a row."))
        assert not refused.value.paid, "an address that is none costs nothing"
    finally:
        server.stop()
    with pytest.raises(Trouble) as gone:
        ask(question(2, "Write a row."))
    assert gone.value.again
    assert not gone.value.paid
