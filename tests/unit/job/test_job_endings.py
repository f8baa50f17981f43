"""The end of a run is told once, to a real server, and whatever goes wrong there touches no run."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.errors import SettingsError, UserError
from core.events import Evaluated, Noted, RunState, StateChanged
from core.job.endings import Ending, Endings
from core.job.webhook import Webhook
from core.store.store import Store
from tests.unit.job.test_job_process import until

SECRET = "s3cr3t-path"
ENDING = Ending("r0000000001", "Größe <b>", "DONE", "", {"metric": "accuracy", "base": 0.1, "tuned": 0.9}, 1)


class Listener(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.heard.append((self.path, json.loads(body)))
        status = server.answers.pop(0) if server.answers else 204
        if status == "hang":
            server.let_go.wait(30)
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def listener(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.daemon_threads = True
    server.heard, server.answers, server.let_go = [], [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}/{SECRET}?token={SECRET}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(tmp_path):
    with_home = Store(tmp_path / "home")
    yield with_home
    with_home.close()


def webhook(listener, **settings):
    return Webhook(listener.url, **({"pauses": (0.01, 0.01, 0.01)} | settings))


def ended_run(store, name, state=RunState.DONE):
    job = store.add_run({"name": name, "seed": name}, name)
    for then in (RunState.PREPARING, RunState.TRAINING):
        store.append(job.id, StateChanged(state=then))
    if state is RunState.DONE:
        metrics = {"accuracy": {"base": 0.2, "tuned": 0.8, "interval": [0.5, 0.7], "p_value": 0.0}}
        store.append(job.id, Evaluated(rows=10, metrics=metrics))
    store.append(job.id, StateChanged(state=state, reason="so it is"))
    return job


def test_the_end_of_a_run_is_posted_as_small_json_once_however_many_programs_look(store, listener):
    stores = [Store(store.home) for _ in range(3)]
    endings = [Endings(each, [webhook(listener)]) for each in stores]
    job = ended_run(store, "Größe <b>")
    lost = ended_run(store, "other", RunState.FAILED)
    until(lambda: len(listener.heard) == 2)
    time.sleep(2.5)
    [each.close() for each in endings]
    told = {body["run"]: body for _, body in listener.heard}
    assert len(listener.heard) == 2
    assert told[job.run_id] == {
        "run": job.run_id,
        "name": "Größe <b>",
        "state": "DONE",
        "reason": "so it is",
        "attempt": 1,
        "score": {"metric": "accuracy", "base": 0.2, "tuned": 0.8, "interval": [0.5, 0.7]},
    }
    assert (told[lost.run_id]["state"], told[lost.run_id]["score"]) == ("FAILED", None)


def test_an_end_that_nobody_took_is_a_note_without_the_address_and_the_run_stays_as_it_was(store, listener):
    listener.answers = [500, 503, 429, 500]
    job = ended_run(store, "mine")
    before = store.run(job.run_id)
    endings = Endings(store, [webhook(listener)])
    note = until(lambda: store.last(job.run_id, Noted))
    endings.close()
    assert len(listener.heard) == 4
    assert note.severity == "warning"
    assert "127.0.0.1 was not told of the end: it answered 500" in note.text
    assert SECRET not in note.text
    assert store.run(job.run_id) == before


def test_a_passing_failure_is_tried_again(listener):
    listener.answers = [503, 500]
    webhook(listener)(ENDING, threading.Event())
    assert len(listener.heard) == 3


@pytest.mark.parametrize(("status", "told"), [(302, "redirect"), (404, "404"), (401, "401")])
def test_what_will_not_pass_is_not_tried_again_and_no_redirect_is_followed(listener, status, told):
    listener.answers = [status]
    with pytest.raises(UserError, match=told) as caught:
        webhook(listener)(ENDING, threading.Event())
    assert [path for path, _ in listener.heard] == [f"/{SECRET}?token={SECRET}"]
    assert SECRET not in str(caught.value)


def test_a_server_that_hangs_costs_its_timeout_and_a_close_ends_the_waiting(listener):
    listener.answers = ["hang"] * 9
    with pytest.raises(UserError, match="no answer within"):
        webhook(listener, timeout=0.2)(ENDING, threading.Event())
    closing = threading.Event()
    closing.set()
    with pytest.raises(UserError, match="no answer"):
        webhook(listener, timeout=0.2, pauses=(300,))(ENDING, closing)


def test_nobody_at_the_address_is_a_sentence_without_the_address():
    hook = Webhook(f"http://127.0.0.1:9/{SECRET}", pauses=())
    with pytest.raises(UserError, match="cannot be reached") as caught:
        hook(ENDING, threading.Event())
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "hook", "file:///etc/passwd", "ftp://x/y", "http://", "http://a b/", "http://x/\n"]
)
def test_what_is_no_address_of_the_web_is_refused_at_the_start(url):
    with pytest.raises(SettingsError, match="no address"):
        Webhook(url)


def test_ends_that_are_old_news_are_not_told(store, listener, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 7200)
    ended_run(store, "old")
    monkeypatch.undo()
    recent = ended_run(store, "recent")
    assert store.take_ending().id == recent.id
    assert store.take_ending() is None


def test_a_run_that_was_deleted_meanwhile_takes_no_note(store):
    job = ended_run(store, "gone")
    store.delete_run(job.run_id)
    store.remark(job.id, Noted(text="x"))
    assert store.take_ending() is None
