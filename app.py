"""The console script: flags and sub-commands become an engine, and pages or one headless job."""

import contextlib
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UserError
from ui.command import say
from ui.command.parser import build_parser

if TYPE_CHECKING:
    from core.engine import Engine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 the work failed, 2 the input was refused."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _settle()
    try:
        return _perform(build_parser().parse_args(words))
    except UserError as error:
        say.complain(error, as_json="--json" in words)
        return 2
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except KeyboardInterrupt:
        say.note("\nInterrupted.")
        return 1


def _perform(given: Namespace) -> int:
    # Loaded here, so that --help and a misspelt word are answered without waiting for the engine.
    if given.command is None:
        return _dashboard(given)
    from ui.command.commands import perform

    with _engine(given) as engine:
        return perform(engine, given)


def _dashboard(given: Namespace) -> int:
    from core.job.webhook import Webhook
    from core.strategy.model_facts import ROOTS
    from ui.guard import is_loopback
    from ui.server import PORT, Serving, check_wish, serve

    wish = Serving(
        host=given.host,
        port=PORT if given.port is None else given.port,
        auth_file=given.auth_file,
        demo=given.demo,
        open_browser=_has_browser() if given.open is None else given.open,
    )
    check_wish(wish)
    # Whom this machine does not know may not look where its folders are. Workers ask the environment too.
    roots = given.models or ([] if is_loopback(wish.host) or ROOTS in os.environ else [_home(given)])
    if roots:
        os.environ[ROOTS] = os.pathsep.join(str(root.expanduser().absolute()) for root in roots)
    url = given.webhook or os.environ.get("FEWTUNE_WEBHOOK", "")
    hooks = [Webhook(url)] if url else []
    with _engine(given) as engine:
        if hooks:
            engine.tell_endings(*hooks)
        if given.at_once is not None or given.room is not None:
            engine.queue.allow(given.at_once, given.room)
        serve(engine, wish)
    return 0


@contextlib.contextmanager
def _engine(given: Namespace) -> Iterator["Engine"]:
    from core.engine import Engine
    from core.evaluate.own import FOLDER, check_folder

    if given.metrics:
        os.environ[FOLDER] = str(check_folder(given.metrics))  # workers ask the environment
    engine = Engine(_home(given), launcher=given.launcher or "process")
    with contextlib.closing(engine):
        yield engine


def _home(given: Namespace) -> Path:
    home: Path = given.home or Path(os.environ.get("FEWTUNE_HOME") or Path.home() / ".fewtune")
    return home.expanduser().absolute()


def _settle() -> None:
    """Let nothing call home, and let any name be printed on any terminal."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a captured stream has none


def _has_browser() -> bool:
    """Whether a person sits here who would see a browser open."""
    if not sys.stdout.isatty() or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _forget_stdout() -> None:
    """Send the rest to nowhere: whoever read it has enough, and flushing it at the end would complain again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
