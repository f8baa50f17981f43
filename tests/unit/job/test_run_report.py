import re
from html.parser import HTMLParser

import pytest

from core.document.curves import drawn, thinned
from core.document.markdown import markdown
from core.document.page import page
from core.document.parts import Code, Curves, Items, Paragraph, Section, Table
from core.engine import Engine
from core.errors import NotFoundError, UserError
from tests.e2e.seeding import seed
from ui.command.commands import perform
from ui.command.parser import build_parser

PAYLOAD = (
    "<img src=x onerror=alert(1)> ![a](http://evil.example) | `x` \n# head <script>alert(2)</script> '\" {{7}} $x$"
)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen, self.attributes = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attributes}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = Engine(tmp_path_factory.mktemp("home"), launcher="thread")
    seed(engine.home, name=f"Run {PAYLOAD}")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def run_id(engine):
    return engine.runs()[0].row.id


def hostile():
    blocks = [Paragraph(PAYLOAD), Items([PAYLOAD]), Table([PAYLOAD], [[PAYLOAD]]), Code(f"{PAYLOAD}\n````\n{PAYLOAD}")]
    return [Section(PAYLOAD, [*blocks, Curves(PAYLOAD, {PAYLOAD: [(1, 2.0), (2, 1.0)]})])]


def test_no_text_becomes_a_tag_of_the_page_and_nothing_is_fetched():
    tags = Tags(page(PAYLOAD, hostile()))
    assert tags.seen.isdisjoint({"script", "img", "iframe", "link", "form", "a", "object"})
    assert tags.attributes.isdisjoint({"onerror", "onload", "src", "href"})
    assert "default-src 'none'" in page("", [])


def test_no_text_becomes_markup_of_the_markdown_or_ends_its_cell():
    text = markdown(PAYLOAD, hostile())
    outside = re.sub(r"`{5}\n.*?\n`{5}", "", text, flags=re.DOTALL)
    assert "`````" in text
    for sign in ("<", "![", "`", "$", "{{"):
        assert sign not in outside
    assert {line.count("|") for line in outside.splitlines() if line.startswith("|")} <= {2, 3}
    assert sum(line.startswith("#") for line in outside.splitlines()) == 2


@pytest.mark.parametrize("form", ["html", "md"])
def test_a_report_tells_all_that_is_known_of_a_run(engine, run_id, form):
    told = engine.reports.written(run_id, form)
    plan = engine.run(run_id).plan
    for wanted in (
        "Better by 64 points",
        plan.data.sha256,
        "450 to train on",
        "The plan, and why",
        "QLoRA of rank 16",
        "peak memory",
        "Best validation loss",
        "Macro-F1",
        "linear model on counted words",
        "Better: 5 of 220 rows",
        "It forgot, general texts take 7.3 % more bits",
        "fewtune train legal",
    ):
        assert wanted in told, wanted
    assert ("<svg" in told) == (form == "html")
    assert str(engine.home) not in told
    assert "<img" not in told


def test_a_run_that_is_not_scored_and_whose_data_went_away_has_a_report_too(engine, run_id):
    raw = engine.store.run(run_id).plan | {"model": "/no/such/folder/secret-model"}
    raw["data"] = raw["data"] | {"source": "0123456789ab", "name": "gone.csv"}
    job = engine.store.add_run(raw, "bare")
    told = engine.reports.written(job.run_id, "md")
    assert "This run is not scored." in told
    assert "The data are not here any more" in told
    assert "Nothing was trained yet." in told
    assert "/no/such/folder" not in told


def test_an_unknown_run_or_format_is_refused(engine, run_id):
    with pytest.raises(NotFoundError, match="There is no run"):
        engine.reports.written("rnone", "html")
    with pytest.raises(NotFoundError, match="no report as 'pdf'"):
        engine.reports.written(run_id, "pdf")


def test_the_command_writes_a_file_once_and_takes_the_format_from_its_name(engine, run_id, tmp_path, capsys):
    out = tmp_path / "r.md"
    assert perform(engine, build_parser().parse_args(["report", run_id, "--out", str(out), "--json"])) == 0
    assert '"format": "md"' in capsys.readouterr().out
    assert out.read_text(encoding="utf-8").startswith("# Run ")
    with pytest.raises(UserError, match="there already"):
        perform(engine, build_parser().parse_args(["report", run_id, "--out", str(out)]))
    assert perform(engine, build_parser().parse_args(["report", run_id, "--out", "-", "--format", "html"])) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")


def test_a_long_curve_is_thinned_and_an_empty_one_is_nothing():
    assert len(thinned([(n, 1.0) for n in range(10_000)])) <= 602
    assert drawn({"training": []}) == ""
    assert "NaN" not in drawn({"training": [(3, 0.0)]})
