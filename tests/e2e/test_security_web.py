"""What other sites, other names and strangers get from a running dashboard: nothing."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.recorder import Recorder
from tests.e2e.served import Served
from ui.guard import HEADERS, OPEN_FOLDERS, OPEN_PATHS

EVIL = "http://evil.example"
CANARY = "canary-7f3a91c2"

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return Recorder(tmp_path_factory.mktemp("recorder"))


@pytest.fixture(scope="module")
def served(tmp_path_factory, recorded):
    env = {
        **recorded.env,
        "GRADIO_SHARE": "True",
        "GRADIO_ANALYTICS_ENABLED": "True",
        "GRADIO_ALLOWED_PATHS": "/",
        "HF_TOKEN": f"hf_{CANARY}",
    }
    dashboard = Served(tmp_path_factory.mktemp("web") / "home", env=env)
    yield dashboard
    dashboard.end()


@pytest.fixture(scope="module")
def client(served):
    with served.client() as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/", "/config", "/theme.css", "/gradio_api/info", "/nothing", "/gradio_api/file=/etc/passwd"]
)
def test_every_answer_carries_the_headers_once(client, path):
    answer = client.get(path)
    for name, value in HEADERS.items():
        assert answer.headers.get_list(name) == [value]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "192.168.0.7", "[::", "localhost@evil.example"],
)
def test_a_foreign_name_is_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400
    assert (
        client.options(
            "/gradio_api/upload", headers={"Host": host, "Origin": EVIL, "Access-Control-Request-Method": "POST"}
        ).status_code
        == 400
    )


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1", "[::1]:7860"])
def test_the_names_of_this_machine_are_known_at_any_port_so_that_tunnels_work(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


def posts(client: httpx.Client) -> list[str]:
    paths = [
        "/login",
        "/upload",
        "/queue/join",
        "/run/predict",
        "/api/predict",
        "/call/x",
        "/cancel",
        "/reset",
        "/component_server",
        "/stream/x",
        "/vibe-edit",
        "/nothing",
    ]
    return [path if path in {"/login", "/nothing"} else f"/gradio_api{path}" for path in paths]


@pytest.mark.parametrize("origin", [EVIL, "null", "http://127.0.0.1:1", "http://localhost.evil.example", "file://", ""])
def test_a_foreign_origin_is_refused_on_every_post(client, origin):
    for path in posts(client):
        assert client.post(path, headers={"Origin": origin}, json={}).status_code == 403, path
    upload = client.post("/gradio_api/upload", headers={"Origin": origin}, files={"files": ("a.csv", b"a,b\n1,2\n")})
    assert upload.status_code == 403


def test_our_own_page_may_post(client, served):
    upload = client.post(
        "/gradio_api/upload",
        headers={"Origin": served.url, "Sec-Fetch-Site": "same-origin"},
        files={"files": ("a.csv", b"a,b\n1,2\n")},
    )
    assert upload.status_code == 200
    assert str(served.home / "uploads") in upload.json()[0]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_link_here_and_do_nothing_else(client, site):
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/", headers=link).status_code == 200
    for path in ("/logout", "/gradio_api/queue/data?session_hash=x", "/gradio_api/info"):
        assert client.get(path, headers=link).status_code == 403
    assert client.get("/config", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert client.get("/", headers=link | {"Sec-Fetch-Dest": "iframe"}).status_code == 403


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd", "app.py", "/proc/self/environ"])
def test_files_outside_are_not_served(client, served, path):
    for address in (f"/gradio_api/file={path}", f"/gradio_api/file/{path}", f"/static/{path}", f"/assets/{path}"):
        assert client.get(address).status_code in {403, 404}, address
    assert client.get(f"/gradio_api/file={served.home / 'fewtune.sqlite'}").status_code in {403, 404}


def test_no_address_outside_is_looked_up_by_a_start_and_a_page(client, recorded):
    page = client.get("/").text
    for asset in set(re.findall(r'(?:src|href)="(\./assets/[^"]+)"', page)):
        assert client.get(asset.removeprefix(".")).status_code == 200
    assert client.get("/config").status_code == 200
    assert recorded.elsewhere() == set()


def test_the_page_fetches_nothing_from_elsewhere(client):
    page = client.get("/").text
    fetched = re.findall(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(https?:)?//[^"]*"', page)
    assert fetched == []


def test_a_token_in_the_environment_appears_nowhere(client, served):
    for path in ("/", "/config", "/gradio_api/info?all_endpoints=true", "/gradio_api/startup-events"):
        assert CANARY not in client.get(path).text
    assert CANARY not in served.output
    assert no_file_holds(CANARY, served.home)


def no_file_holds(text: str, folder) -> bool:
    return not any(text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


# -- with accounts ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locked")
    accounts = folder / "accounts"
    accounts.write_text(f"# who may\nann:{CANARY}\nbob: two words:and a colon \n")
    accounts.chmod(0o600)
    dashboard = Served(folder / "home", "--auth-file", str(accounts))
    yield dashboard
    dashboard.end()


def routes() -> list[tuple[str, str]]:
    """Every route that the library has, with something for each parameter."""
    import gradio as gr
    from gradio.routes import App

    with gr.Blocks() as blocks:
        pass
    return list(_flat(App.create_app(blocks).routes))


def _flat(found) -> Iterator[tuple[str, str]]:
    for route in found:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from _flat(included.routes)
        elif path := getattr(route, "path", None):
            yield from (
                (method, re.sub(r"\{[^}]*\}", "x", path)) for method in getattr(route, "methods", None) or ["GET"]
            )


def test_without_signing_in_every_route_is_closed_but_the_stated_ones(locked):
    with locked.client() as stranger:
        asked = routes()
        assert len(asked) > 60
        for method, path in asked:
            if path in OPEN_PATHS or path.startswith(OPEN_FOLDERS):
                continue
            assert stranger.request(method, path).status_code in {401, 403}, f"{method} {path}"


def test_the_login_page_says_nothing_of_the_pages_behind_it(locked):
    with locked.client() as stranger:
        page = stranger.get("/").text
    config = json.loads(re.search(r"window\.gradio_config = (\{.*?\});</script>", page)[1])
    assert config["auth_required"]
    assert not config["components"]
    assert not config["dependencies"]


@pytest.mark.parametrize(("name", "password"), [("ann", CANARY), ("bob", " two words:and a colon ")])
def test_a_user_signs_in_and_out(locked, name, password):
    with locked.client() as person:
        assert person.post("/login", data={"username": name, "password": "wrong"}).status_code == 400
        assert person.get("/config").status_code == 401
        assert person.post("/login", data={"username": name, "password": password}).status_code == 200
        assert person.get("/config").status_code == 200
        person.get("/logout")
        assert person.get("/config").status_code == 401


def test_a_made_up_session_is_no_session(locked):
    with locked.client() as person:
        person.post("/login", data={"username": "ann", "password": CANARY})
        forged = dict.fromkeys(person.cookies, "x" * 22)
    with locked.client(cookies=forged) as stranger:
        assert stranger.get("/config").status_code == 401
    with locked.client(headers={"Cookie": 'access-token=\x01;;=;"unclosed'}) as stranger:
        assert stranger.get("/config").status_code == 401


def test_passwords_appear_nowhere(locked):
    with locked.client() as person:
        person.post("/login", data={"username": "ann", "password": CANARY})
        for path in ("/", "/config", "/gradio_api/info"):
            assert CANARY not in person.get(path).text
    assert CANARY not in locked.output
    assert no_file_holds(CANARY, locked.home)
