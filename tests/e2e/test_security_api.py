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
    for job in store.unfinished():
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
            for turn in range(len(ODD) if function["inputs"] else 1):
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


# -- paths ------------------------------------------------------------------------------------------------------------


def inputs_of(client: httpx.Client, elem_id: str) -> tuple[int, list[int]]:
    """A function that takes the element, and the place of the element among its inputs."""
    config = client.get("/config").json()
    ids = {part["id"] for part in config["components"] if part["props"].get("elem_id") == elem_id}
    function = next(one for one in config["dependencies"] if ids & set(one["inputs"]) and one["backend_fn"])
    place = next(place for place, one in enumerate(function["inputs"]) if one in ids)
    return function["id"], [place, len(function["inputs"])]


def sent(client: httpx.Client, elem_id: str, value: object, session: str) -> str:
    """What is said when `value` is sent as the content of an element, without the id of the event."""
    number, (place, count) = inputs_of(client, elem_id)
    said = call(client, number, [value if at == place else None for at in range(count)], session)
    return json.dumps([{key: one for key, one in line.items() if key in {"msg", "output", "log"}} for line in said])


def file_data(path: object) -> dict:
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize("elem_id", ["ft-file", "ft-load-plan", "ft-pasted"])
def test_a_file_that_nobody_uploaded_is_not_read_whether_or_not_it_exists(served, tmp_path, elem_id):
    secret = tmp_path / "secret.csv"
    secret.write_text("text,label\nthe secret words,a\n")
    (tmp_path / "link.csv").symlink_to(secret)
    (served.home / "uploads_evil").mkdir(exist_ok=True)
    (served.home / "uploads_evil" / "a.csv").write_bytes(secret.read_bytes())
    with served.client() as client:
        before = sorted(path for path in served.home.glob("uploads/**/*") if path.is_file())
        for number, path in enumerate(
            [
                secret,
                tmp_path / "link.csv",
                tmp_path / "nothing.csv",
                served.home / "uploads_evil" / "a.csv",
                served.home / "uploads" / ".." / "uploads_evil" / "a.csv",
                served.home / "fewtune.sqlite",
                "../../secret.csv",
                "/etc/passwd",
                "~/.netrc",
            ]
        ):
            value = [file_data(path)] if elem_id == "ft-file" else file_data(path)
            said = sent(client, elem_id, value, f"file-{elem_id}-{number}")
            assert '"error"' in said, path
            assert '"data"' not in said, path
        assert before == sorted(path for path in served.home.glob("uploads/**/*") if path.is_file())


def test_no_address_is_fetched_for_whoever_asks(served):
    with served.client() as client:
        for number, address in enumerate(["http://192.0.2.1/a.csv", "HTTPS://192.0.2.1/a.csv"]):
            said = sent(client, "ft-file", [file_data(address)], f"address-{number}")
            assert "from an upload only, not from an address" in said or "HTTPS" in address
            assert '"data"' not in said
            for route in ("file", "proxy"):
                assert client.get(f"/gradio_api/{route}={address}").status_code == 403
        for path in ("proxy=x", "file=http:%2F%2F192.0.2.1", "file=HTTP://192.0.2.1"):
            assert client.get(f"/gradio_api/{path}").status_code == 403


def test_the_hub_box_takes_ids_only_and_looks_at_no_path(served, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    (there / "train.csv").write_text("text,label\nthe secret words,a\n")
    (tmp_path / "link").symlink_to(there)
    texts = [there, tmp_path / "link", tmp_path / "nothing", "/etc", "..", "~", "C:\\data", "https://a.b/c", "text"]
    with served.client() as client:
        for number, text in enumerate(map(str, texts)):
            said = sent(client, "ft-hub", text, f"hub-{number}")
            assert "is no id of a data set on the hub" in said.encode().decode("unicode_escape"), said
    assert not list(served.home.glob("datasets/*/train.csv"))
