"""`fewtune push` as people start it, against a hub on this machine."""

import json
import os
import pty
import subprocess
import sys
import time

import pytest

from tests.e2e.seeding import seed, seed_adapter
from tests.e2e.served import PATIENCE, ROOT, run_app
from tests.unit.export.fake_hub import TOKEN, FakeHub

pytestmark = pytest.mark.timeout(900)
WRONG = "hf_canary_of_nobody"


@pytest.fixture
def hub():
    running = FakeHub()
    yield running
    running.close()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A home, and a run in it that left as an adapter."""
    home = tmp_path_factory.mktemp("push") / "home"
    run_id = seed(home)
    seed_adapter(home, run_id)
    return home, run_id


@pytest.fixture
def environment(hub, exported):
    """A machine that knows this hub and has no token of it."""
    place = exported[0].parent / "hub"
    known = {
        "HF_ENDPOINT": hub.url,
        "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(place),
        "HF_TOKEN_PATH": str(place / "token"),
    }
    return known | dict.fromkeys(("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"), "")


@pytest.fixture
def push(exported, environment):
    """Starts `push` with the given words and, where one is given, a token; no token may stand anywhere afterwards."""
    home, run_id = exported

    def run(*words, token="", run=run_id):
        done = run_app(home, "push", run, *words, env=environment | {"HF_TOKEN": token})
        told = done.stdout + done.stderr
        assert "Traceback" not in told
        secrets = [secret for secret in (TOKEN, WRONG) if secret in told]
        for path in home.parent.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            secrets += [f"{secret} in {path}" for secret in (TOKEN, WRONG) if secret.encode() in content]
        assert not secrets
        return done

    return run


def error_of(done):
    [answer] = map(json.loads, done.stdout.splitlines())
    return answer["error"]


def test_a_push_makes_a_private_repository_and_prints_its_link(push, hub, exported):
    home, run_id = exported
    done = push("adapter", "--repo", "clauses", "--yes", token=TOKEN)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{hub.url}/ada/clauses\n"
    assert "as a private repository" in done.stderr
    assert "stand in the private repository ada/clauses" in done.stderr
    assert hub.repos["ada/clauses"]["private"]
    [made] = (home / "runs" / run_id / "exports").iterdir()
    assert hub.files("ada/clauses") == {path.name: path.read_bytes() for path in made.iterdir()}
    again = push("adapter", "--repo", "open", "--yes", "--public", "--json", token=TOKEN)
    [answer] = map(json.loads, again.stdout.splitlines())
    assert (answer["run"], answer["exporter"], answer["repo"]) == (run_id, "adapter", "ada/open")
    assert not answer["private"]
    assert not hub.repos["ada/open"]["private"]


def test_a_wrong_token_is_named_as_the_fault_and_where_to_get_another(push, hub):
    done = push("adapter", "--repo", "clauses", "--yes", token=WRONG)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "does not know this token" in done.stderr
    assert f"{hub.url}/settings/tokens" in done.stderr
    asked = push("adapter", "--repo", "clauses", "--yes", "--json", token=WRONG)
    assert asked.returncode == 1
    assert "does not know this token" in error_of(asked)["what"]
    assert hub.repos == {}


@pytest.mark.parametrize(
    ("form", "more", "words"),
    [
        ("merged", {}, "has no finished export as 'merged'"),
        ("nonsense", {}, "has no finished export as 'nonsense'"),
        ("adapter", {"run": "r0000000000"}, "r0000000000"),
    ],
)
def test_an_export_that_is_not_there_is_refused_before_anybody_is_asked(push, hub, form, more, words):
    done = push(form, "--repo", "clauses", "--yes", "--json", token=TOKEN, **more)
    assert done.returncode == 2
    assert words in error_of(done)["what"]
    assert error_of(done)["fix"]
    assert not hub.asked


@pytest.mark.parametrize("name", ["", "a b", "a/b/c", "../..", "-x-", "x" * 97])
def test_a_name_of_the_wrong_shape_is_refused_with_the_right_one(push, hub, name):
    done = push("adapter", f"--repo={name}", "--yes", "--json", token=TOKEN)
    assert done.returncode == 2
    assert "'name' or 'owner/name'" in error_of(done)["problems"]["repository"]
    assert not hub.asked


@pytest.mark.parametrize(("words", "token"), [((), TOKEN), (("--yes",), "")])
def test_without_a_yes_or_without_a_token_nothing_is_uploaded(push, hub, words, token):
    done = push("adapter", "--repo", "clauses", *words, token=token)
    assert done.returncode == 2
    assert "--yes" in done.stderr if token else "needs a token" in done.stderr
    assert not hub.asked


def test_somebody_at_a_terminal_is_asked_and_types_a_token_that_nobody_sees(exported, environment, hub):
    home, run_id = exported
    ours, theirs = pty.openpty()
    words = [sys.executable, str(ROOT / "app.py"), "--home", str(home), "push", run_id, "adapter", "--repo", "typed"]
    started = subprocess.Popen(
        words, env=os.environ | environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    seen = _until(ours, "Upload it now? [y/N]")
    assert not hub.asked
    os.write(ours, b"y\n")
    seen += _until(ours, "Token (not shown): ")
    os.write(ours, TOKEN.encode() + b"\n")
    seen += _until(ours, f"{hub.url}/ada/typed")
    assert started.wait(PATIENCE) == 0
    os.close(ours)
    assert hub.repos["ada/typed"]["private"]
    assert TOKEN not in seen
    assert not [path for path in home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def _until(terminal, words):
    """All that is read from the terminal up to `words`."""
    seen, until = b"", time.monotonic() + PATIENCE
    while words.encode() not in seen:
        assert time.monotonic() < until, seen
        try:
            seen += os.read(terminal, 4096)
        except OSError as error:  # the other end was closed
            raise AssertionError(seen) from error
    return seen.decode(errors="replace")
