"""Text from people stays text, whatever it holds."""

import re

import pytest

from core.errors import BusyError, SettingsError, UserError
from ui import drawings, markup, notices
from ui.desk import Desk

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/a.png)",
    "<iframe srcdoc='<script>1</script>'>",
    "<form action=http://evil.example><input name=a></form>",
    "' onmouseover='alert(1)",
    "$$\\href{javascript:1}{x}$$",
    "one\n\n<script>alert(1)</script>\n\ntwo",
    "\ud800 lone surrogate \0",
)


@pytest.mark.parametrize("payload", HOSTILE)
def test_no_tag_no_markdown_and_no_line_break_survives(payload):
    safe = markup.text(payload)
    assert not re.search(r"[<>\"'\n\[\]()!`*$:]", safe)
    assert not re.search(r"&(?!#\d+;)", safe)
    safe.encode("utf-8")


@pytest.mark.parametrize("payload", HOSTILE)
def test_every_drawing_escapes_what_it_is_given(payload):
    drawn = [
        markup.headline(payload, payload),
        markup.block(markup.facts([(payload, payload, payload)])),
        markup.empty(payload, payload),
        drawings.memory_bar({payload: 1.0}, 2.0, "memory"),
        drawings.bars([(payload, 1.0, payload)]),
        drawings.strip(payload, payload, {"base": 0.1, "tuned": 0.2}, {"base": [0, 0.2]}, shares=True),
        drawings.confusion([payload], [[1]], payload),
        drawings.table([payload], [((payload,), "")]),
        notices.markup(UserError(payload, payload)),
        notices.markup(SettingsError({payload: payload})),
    ]
    ours = r"</?(div|span|h[23]|p|b|ul|li|table|thead|tbody|tr|th|td)( (class|style|title|role)='[^'<>]*')*>"
    for piece in drawn:
        assert "\n" not in piece
        assert not re.search(r"[<>]", re.sub(ours, "", piece))


def test_a_handler_that_raises_leaves_the_page_as_it_was(monkeypatch):
    told = []
    monkeypatch.setattr(notices.gr, "Warning", lambda message, **more: told.append(message))

    @notices.guarded
    def refused():
        raise BusyError("A run is <b>going</b> on.", "Wait.")

    @notices.guarded
    def broken():
        raise ZeroDivisionError("a secret path /home/someone")

    assert refused() == broken() == notices.gr.skip()
    assert "<b>going</b>" not in told[0]
    assert "secret" not in told[1]


def test_all_wrong_settings_are_named_in_one_notice():
    error = SettingsError({"epochs": "too small", "options.rank": "too large"})
    assert "epochs" in notices.markup(error)
    assert "options" in notices.markup(error)


def test_a_draft_of_an_older_version_is_no_obstacle():
    class Old:
        def draft(self):
            return {"data": {"no": "such field"}, "what": 1}

    assert Desk(Old()).choice() is None
    assert Desk(Old()).draft()["model"] == "starter"
