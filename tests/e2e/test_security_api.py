"""Every function of the page, called by someone who sends whatever they like."""

import json

import httpx
import pytest

from core.store.store import Store
from tests.e2e.served import Served

ODD = [
    None,
    -1,
    1e308,
    "x" * 5_000,
    "<img src=x onerror=alert(1)>",
    ["a"],
    {"path": "/etc/passwd"},
    True,
    [[{}]],
    "../..",
]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    home = tmp_path_factory.mktemp("sweep") / "home"
    dashboard = Served(home)
    yield dashboard
    dashboard.end()
    # Pressing every button starts a run, and a run outlives its dashboard.
    store = Store(home)
    if job := store.active():
        store.request_stop(job.id)
    store.close()


def call(client: httpx.Client, number: int, data: list, session: str) -> list[dict]:
    """Send `data` to a function as the page does, and return what the stream says until it is done."""
    joined = client.post("/gradio_api/queue/join", json={"fn_index": number, "data": data, "session_hash": session})
    if joined.status_code != 200:
        return [{"msg": "refused", "text": joined.text}]
    said = []
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                said.append(json.loads(line.removeprefix("data: ")))
                if said[-1]["msg"] in {"process_completed", "close_stream", "unexpected_error"}:
                    break
    return said


def test_every_function_answers_anything_with_a_handled_refusal(served):
    with served.client() as client:
        functions = [function for function in client.get("/config").json()["dependencies"] if function["backend_fn"]]
        assert functions
        for number, function in enumerate(functions):
            for turn in range(3):
                data = [ODD[(number + turn + place) % len(ODD)] for place in range(len(function["inputs"]))]
                said = call(client, function["id"], data, f"s{function['id']}-{turn}")
                assert said, function
                text = json.dumps(said)
                assert "Traceback" not in text, (function["id"], data)
                assert "site-packages" not in text, (function["id"], data)
        assert client.get("/").status_code == 200
        assert served.process.poll() is None
    unhandled = [line for line in served.lines if "The page's handler" in line]
    assert unhandled == [], "these handlers need to say what is wrong with their input"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"fn_index": "x"}',
        b'{"fn_index": 1e9, "data": []}',
        b'{"fn_index": -1, "data": {}}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("path", ["queue/join", "run/predict", "call/nothing", "cancel", "reset"])
def test_a_body_that_is_none_is_refused_without_a_traceback(served, path, body):
    with served.client() as client:
        answer = client.post(f"/gradio_api/{path}", content=body, headers={"Content-Type": "application/json"})
    assert "Traceback" not in answer.text
    assert "site-packages" not in answer.text
