"""`serve`: the tuned model for programs on this machine."""

import time
from argparse import Namespace

from core.engine import Engine
from core.errors import UserError
from ui.command import say

_LOOK_SECONDS = 0.5


def serve(engine: Engine, given: Namespace) -> int:
    """Serve the run's merged export until Ctrl+C, or until the server ends."""
    server = engine.exports.serve(given.run)
    say.note("Loading the model. Ctrl+C ends the server.")
    was = "starting"
    while True:
        health = server.health()
        if health.state == "ended":
            say.complain(
                UserError(f"The server ended: {health.why}", "Look into serve.log of the run."), as_json=given.json
            )
            return 1
        if health.state != was and health.state == "ready":
            if given.json:
                say.answer({"run": given.run, "url": server.url, "pid": server.pid})
            else:
                say.tell(server.url)
                say.note(f"Ask it with:\n{server.curl}")
        was = health.state
        time.sleep(_LOOK_SECONDS)
