import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from core.errors import MachineError
from core.export import extras, serve
from core.export.serve import Server, Servers

ROOT = Path(__file__).parents[3]
STARTER = ROOT / "assets" / "starter"
needs_serving = pytest.mark.skipif(bool(extras.missing(serve.MODULES)), reason=extras.how_to_install("serving"))


def wait_for(question, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if question():
            return True
        time.sleep(0.2)
    return False


@needs_serving
@pytest.mark.slow
def test_a_model_is_served_to_programs_on_this_machine_and_ends_when_told(tmp_path):
    servers = Servers()
    server = servers.start("r1", STARTER, tmp_path / "log")
    assert servers.start("r1", STARTER, tmp_path / "log") is server
    try:
        assert wait_for(lambda: server.health().state == "ready"), server.health()
        listening = {c.laddr.ip for c in psutil.Process(server.pid).net_connections("inet") if c.status == "LISTEN"}
        assert listening == {"127.0.0.1"}
        body = json.loads(server.curl.partition("-d '")[2].removesuffix("'"))
        request = urllib.request.Request(
            f"{server.url}/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            said = json.loads(answer.read())
        assert said["choices"][0]["message"]["content"]
    finally:
        servers.close()
    assert not psutil.pid_exists(server.pid)
    assert servers.of("r1") is None


@needs_serving
def test_a_server_does_not_outlive_a_dashboard_that_was_killed(tmp_path):
    script = f"""
import sys, time
from pathlib import Path
from core.export.serve import Server
print(Server(Path({str(STARTER)!r}), Path({str(tmp_path / "log")!r})).pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    pid = int(parent.stdout.readline())
    assert wait_for(lambda: len(psutil.Process(pid).threads()) > 1)  # it watches
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 30)


def test_what_is_missing_for_serving_is_said_with_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MachineError) as refusal:
        Server(STARTER, tmp_path / "log")
    assert refusal.value.fix == 'Install them with: pip install "fewtune[serving]"'
