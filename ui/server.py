"""Serves the dashboard: one address, one home, nobody else's business."""

import contextlib
import errno
import logging
import os
import shutil
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.engine import Engine
from core.errors import FewtuneError, MachineError, UserError
from core.store.lock import ServerLock
from ui.accounts import read_accounts
from ui.exportfiles import offer_exports
from ui.guard import Guard, is_loopback, signed_in_by
from ui.resultfiles import offer_results

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

PORT = 7860
PORTS_TO_TRY = 100
LARGEST_UPLOAD = "512mb"
WARM_UP_AFTER = 4.0
"""Seconds between the first page and the first worker: while the page loads, the cores belong to it."""
SHUTDOWN_PATIENCE = 2
"""Seconds that open streams get to end after Ctrl+C."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How the dashboard should be served."""

    host: str = "127.0.0.1"
    port: int = PORT
    """0 takes any free one."""
    auth_file: Path | None = None
    demo: bool = False
    open_browser: bool = False


def serve(engine: Engine, wish: Serving) -> None:
    """Serve the dashboard of `engine` until Ctrl+C; a run in a worker process goes on after that.

    Raises:
        UserError: The address is open to others without accounts, or the file of accounts is not right.
        MachineError: The port or the address cannot be had, or another dashboard serves this home.
    """
    accounts = check_wish(wish)
    with ServerLock(engine.home) as lock, contextlib.closing(_bind(wish.host, wish.port)) as listener:
        url = _url(wish.host, listener.getsockname()[1])
        lock.set_address(url)
        with _uploads(engine.home) as folder:
            _settle_environment(folder)
            _run(engine, wish, accounts, listener, url)


def _run(engine: Engine, wish: Serving, accounts: list[tuple[str, str]], listener: socket.socket, url: str) -> None:
    """Build the pages and answer requests until someone asks to end."""
    import uvicorn

    from ui.shell import CSS, HEAD, THEME, build_app

    blocks = build_app(engine, demo=wish.demo)
    pages = mount(blocks, accounts, engine, theme=THEME, css=CSS, head=HEAD)
    guard = stand_guard(pages, wish.host, accounts, on_page=_once(lambda: _warm_up_later(engine)))
    engine.runner  # noqa: B018 - takes over what an earlier server left unfinished
    engine.studies.take_up()

    class Server(uvicorn.Server):
        """Says the address once it answers, and ends without raising the signal again, so that cleaning up happens."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _announce(url, wish)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Browsers that still listen are cut off, which uvicorn reports as errors, with tracebacks.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            await super().shutdown(sockets)

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            with contextlib.suppress(KeyboardInterrupt), super().capture_signals():
                try:
                    yield
                finally:
                    self._captured_signals.clear()

    settings = uvicorn.Config(
        guard,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=SHUTDOWN_PATIENCE,
    )
    Server(settings).run(sockets=[listener])


def mount(blocks: "gr.Blocks", accounts: list[tuple[str, str]], engine: Engine, **look: object) -> "FastAPI":
    """The pages as a web application without any of Gradio's ways to the outside; hands out downloads and exports."""
    import gradio as gr
    from fastapi import FastAPI

    bare = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    # Before the pages, which answer to every address that is left.
    offer_exports(bare, engine.exports)
    offer_results(bare, engine)
    pages = gr.mount_gradio_app(
        bare,
        blocks,
        path="/",
        auth=accounts or None,
        app_kwargs={"openapi_url": None},
        allowed_paths=[str(engine.library.downloads)],
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        **look,  # theme, css and head, as ui.shell has them
    )
    _take_only_uploads(blocks)
    return pages


def _take_only_uploads(blocks: "gr.Blocks") -> None:
    """Let a page's request name no other file than one that was uploaded, and no address at all.

    Gradio looks where a file lies only if it launched the application itself, and fetches addresses for everyone.
    """
    import gradio as gr
    from gradio import processing_utils

    async def refuse(*_: object, **__: object) -> str:
        raise gr.Error("Files are taken from an upload only, not from an address.", print_exception=False)

    blocks.has_launched = True
    processing_utils.async_ssrf_protected_download = refuse


def stand_guard(
    pages: "FastAPI", host: str, accounts: list[tuple[str, str]], on_page: Callable[[], None] | None = None
) -> Guard:
    """The layer that sees every request first."""
    check = None
    if accounts:
        inner = pages.routes[-1].app  # the mounted Gradio application
        check = signed_in_by(inner.tokens, inner.cookie_id)
    return Guard(pages, host=host, signed_in=check, on_page=on_page)


def check_wish(wish: Serving) -> list[tuple[str, str]]:
    """The accounts that may sign in; none where only this machine can reach the dashboard.

    Raises:
        UserError: The address is open to others without accounts, or the file of accounts is not right.
    """
    if wish.auth_file is not None:
        return read_accounts(wish.auth_file)
    if not is_loopback(wish.host):
        raise UserError(
            f"With --host {wish.host} everyone on the network could use this dashboard and read your data.",
            "Give --auth-file FILE with one user:password per line, or leave --host at 127.0.0.1.",
        )
    return []


# -- the address ------------------------------------------------------------------------------------------------------


def _bind(host: str, port: int) -> socket.socket:
    """A socket that has the port before anything slow happens, so that a port in use is said at once.

    Raises:
        MachineError: The port is in use, needs rights, or the address is not this machine's.
    """
    name = "127.0.0.1" if host == "localhost" else host.strip("[]")
    listener = socket.socket(socket.AF_INET6 if ":" in name else socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((name, port))
        # Only a listening socket keeps others from taking the port too.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        what, fix = _no_address(host, port, error)
        raise MachineError(what, fix) from error
    return listener


def _no_address(host: str, port: int, error: OSError) -> tuple[str, str]:
    """What went wrong, and what to do."""
    if error.errno in {errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", None)}:
        free = _next_free(host, port)
        return (
            f"Port {port} is in use.",
            f"Add --port {free}, which is free." if free else "Add --port 0 to take any free one.",
        )
    if isinstance(error, PermissionError):
        return (f"Port {port} needs administrator rights.", "Choose one above 1023, such as --port 7860.")
    return (
        f"This machine cannot listen on {host}: {(error.strerror or str(error)).lower()}.",
        "Leave --host out, or give an address of this machine.",
    )


def _next_free(host: str, port: int) -> int | None:
    for candidate in range(port + 1, min(port + PORTS_TO_TRY, 65536)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1" if is_loopback(host) else "", candidate))
            return candidate
    return None


def _url(host: str, port: int) -> str:
    name = host.strip("[]")
    if name in {"0.0.0.0", "::"}:
        name = socket.gethostname()
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _announce(url: str, wish: Serving) -> None:
    print(f"Fewtune is ready at {url}", flush=True)  # noqa: T201 - the one line that starting prints
    if wish.open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


# -- the surroundings -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _uploads(home: Path) -> Iterator[Path]:
    """A folder for what browsers send, emptied before and after: aborted uploads stay in it otherwise."""
    folder = home / "uploads"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settle_environment(uploads: Path) -> None:
    """Set what Gradio reads from the environment, and nothing else of it: GRADIO_SHARE & co have no say here."""
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:
        del os.environ[name]
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(uploads.absolute())


def _warm_up_later(engine: Engine) -> None:
    def warm_up() -> None:
        try:
            engine.warm_up()
        except (FewtuneError, OSError) as error:
            _log.warning("No worker could be started early: %s", error)

    timer = threading.Timer(WARM_UP_AFTER, warm_up)
    timer.daemon = True
    timer.start()


def _once(action: Callable[[], None]) -> Callable[[], None]:
    """`action` on the first call, nothing on later ones."""
    done = threading.Event()

    def first() -> None:
        if not done.is_set():
            done.set()
            action()

    return first
