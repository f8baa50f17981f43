"""The dashboard as a process: its address, its one line, its end."""

import contextlib
import signal
import socket
import threading

import httpx
import pytest

from core.store.lock import ServerLock
from tests.e2e.served import Served, run_app

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    dashboard = Served(tmp_path_factory.mktemp("plain") / "home", env={"GRADIO_SHARE": "True", "GRADIO_NUM_PORTS": "0"})
    yield dashboard
    dashboard.end()


def test_starting_prints_one_line_with_the_address(served):
    with served.client() as client:
        assert client.get("/").status_code == 200
    assert served.lines == [f"Fewtune is ready at {served.url}"]


def test_only_this_machine_can_reach_it(served):
    port = int(served.url.rsplit(":", 1)[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        address = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no address but its own")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, port), timeout=5)


def test_a_second_dashboard_of_one_home_is_refused_and_names_the_first(served):
    done = run_app(served.home, "--port", "0", "--no-open")
    assert done.returncode == 2
    assert served.url in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_refused_and_a_free_one_named(served, tmp_path):
    port = served.url.rsplit(":", 1)[1]
    done = run_app(tmp_path / "home", "--port", port, "--no-open")
    assert done.returncode == 2
    assert f"Port {port} is in use." in done.stderr
    named = int(done.stderr.split("--port ")[1].split(",")[0])
    with socket.create_server(("127.0.0.1", named)):
        pass


def test_the_page_says_nothing_of_sharing_or_analytics(served):
    with served.client() as client:
        config = client.get("/config").json()
    assert not config.get("analytics_enabled")
    assert not config.get("run_history", False)
    assert config.get("is_space") is not True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_while_a_browser_listens(tmp_path, how):
    dashboard = Served(tmp_path / "home")
    heard = threading.Event()

    def listen():
        with dashboard.client() as client, client.stream("GET", "/gradio_api/heartbeat/abc") as answer:
            assert answer.status_code == 200
            heard.set()
            for _ in answer.iter_raw():
                pass

    listener = threading.Thread(target=lambda: _quietly(listen), daemon=True)
    listener.start()
    assert heard.wait(60)
    assert dashboard.end(how) == 0
    assert dashboard.lines == [f"Fewtune is ready at {dashboard.url}"]
    assert not (dashboard.home / "uploads").exists()
    with ServerLock(dashboard.home):
        """The home is free for the next dashboard."""


def _quietly(action):
    with contextlib.suppress(httpx.HTTPError):
        action()


def test_an_address_open_to_others_needs_accounts(tmp_path):
    done = run_app(tmp_path / "home", "--host", "0.0.0.0", "--no-open")
    assert done.returncode == 2
    assert "--auth-file" in done.stderr
    assert not (tmp_path / "home").exists(), "a refused start leaves nothing behind"


def test_an_address_of_another_machine_is_refused_in_words(tmp_path):
    accounts = tmp_path / "accounts"
    accounts.write_text("ann:secret\n")
    accounts.chmod(0o600)
    done = run_app(tmp_path / "home", "--host", "192.0.2.77", "--auth-file", str(accounts), "--no-open")
    assert done.returncode == 2
    assert "192.0.2.77" in done.stderr
    assert "Traceback" not in done.stderr
