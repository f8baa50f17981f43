"""What a real browser says of the dashboard's walls."""

from urllib.parse import urlsplit

import pytest

from tests.e2e.served import Served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    dashboard = Served(tmp_path_factory.mktemp("browser") / "home")
    yield dashboard
    dashboard.end()


def test_the_page_asks_nobody_else_and_breaks_none_of_its_own_rules(served, chromium):
    page = chromium.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.on("pageerror", lambda error: said.append(("error", str(error))))
    page.goto(served.url, timeout=300_000)
    page.get_by_role("button").first.wait_for(timeout=300_000)
    page.wait_for_timeout(3000)
    ours = urlsplit(served.url).netloc
    assert [url for url in asked if urlsplit(url).scheme in {"http", "https"} and urlsplit(url).netloc != ours] == []
    assert [text for kind, text in said if kind == "error"] == []
    page.close()


def test_another_page_can_neither_frame_nor_drive_it(served, chromium):
    page = chromium.new_page()
    page.route(
        "http://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"""<iframe src="{served.url}"></iframe>
            <script>
            window.told = [];
            for (const path of ["/gradio_api/queue/join", "/gradio_api/upload", "/login"])
                fetch("{served.url}" + path, {{method: "POST", mode: "no-cors", body: "{{}}"}})
                    .then(() => told.push("sent"), () => told.push("blocked"));
            fetch("{served.url}/config").then(() => told.push("read"), () => told.push("blocked"));
            </script>""",
        ),
    )
    answers = {}
    page.on("response", lambda answer: answers.setdefault(urlsplit(answer.url).path, answer.status))
    page.goto("http://evil.example/", timeout=60_000)
    page.wait_for_function("window.told.length === 4", timeout=60_000)
    assert "read" not in page.evaluate("window.told")
    assert {status for path, status in answers.items() if path.startswith(("/gradio_api", "/login"))} <= {403}
    framed = page.frames[-1]
    assert framed.query_selector("gradio-app") is None
    page.close()
