"""Files of exports by a plain link: Gradio's own file box would copy gigabytes into its folder first."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from core.errors import UserError
from core.job.exports import Exports

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response

_PATH = "/exports"


def link(run_id: str, exporter: str, name: str) -> str:
    """The address of a file, on the dashboard's own."""
    return f"{_PATH}/{quote(run_id)}/{quote(exporter)}/{quote(name)}"


def offer_exports(pages: "FastAPI", exports: Exports) -> None:
    """Let `pages` answer to such links, as downloads that no browser opens."""
    from starlette.responses import FileResponse, PlainTextResponse

    def answer(run_id: str, exporter: str, name: str) -> "Response":
        try:
            path = exports.file(run_id, exporter, name)
        except UserError as error:
            return PlainTextResponse(error.what, status_code=404)
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    pages.add_api_route(
        _PATH + "/{run_id}/{exporter}/{name:path}", answer, methods=["GET", "HEAD"], response_model=None
    )
