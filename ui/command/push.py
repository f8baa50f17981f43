"""`push`: a finished export goes to the Hugging Face hub, after a question that says what goes."""

import dataclasses
import getpass
import sys
import time
from argparse import Namespace

from core.engine import Engine
from core.errors import UserError
from core.export.hub import Pushed, check_repo
from core.job.inquiry import Inquiry
from ui.command import say
from ui.pushing import STOPPED, Wish, question, told

_POLL = 0.2
"""Seconds between two looks at how far it is."""


def push(engine: Engine, given: Namespace) -> int:
    """Say what would go, ask, upload, and print the link.

    Raises:
        UserError: Nobody is there to answer, or there is no token; nothing was uploaded.
    """
    pushes = engine.exports.pushes
    wish = Wish(given.run, given.form, check_repo(given.repo), given.public)
    for line in question(pushes.parcel(given.run, given.form), wish, pushes.address):
        say.note(line)
    if not (given.yes or _agreed()):
        say.note("Nothing was uploaded.")
        return 1
    token = "" if pushes.has_token or not sys.stdin.isatty() else getpass.getpass("Token (not shown): ")
    going = pushes.begin(given.run, given.form, wish.repo, public=wish.public, token=token)
    try:
        pushed = _seen_through(going)
    except KeyboardInterrupt:
        going.stop()
        say.note(f"\n{STOPPED}")
        return 1
    except UserError as error:
        say.complain(error, as_json=given.json)
        return 1
    if given.json:
        say.answer({"run": given.run, "exporter": given.form, **dataclasses.asdict(pushed)})
    else:
        say.note(told(pushed))
        say.tell(pushed.url)
    return 0


def _agreed() -> bool:
    """Whether somebody says yes.

    Raises:
        UserError: Nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise UserError("Nothing is uploaded without a yes, and nobody is there to ask.", "Read this, then add --yes.")
    say.note("Upload it now? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _seen_through(going: Inquiry[Pushed]) -> Pushed:
    said = ""
    while not going.is_over:
        if going.about != said and sys.stderr.isatty():
            said = going.about
            say.note(said)
        time.sleep(_POLL)
    return going.answer()
