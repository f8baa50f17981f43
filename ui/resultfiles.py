"""Files of the results of a run or a study by a plain link, written when somebody asks for them."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from core.engine import Engine
from core.errors import UserError
from core.study.study import is_id, read_id

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response

_PATH = "/results"


def link(run_id: str, name: str) -> str:
    """The address of a file, on the dashboard's own."""
    return f"{_PATH}/{quote(run_id)}/{quote(name)}"


def offer_results(pages: "FastAPI", engine: Engine) -> None:
    """Let `pages` answer to such links, as downloads that no browser opens."""
    from starlette.responses import PlainTextResponse, Response

    def answer(run_id: str, name: str) -> "Response":
        try:
            kind, _, form = name.partition(".")
            if kind == "report":
                told = (
                    engine.studies.written(read_id(run_id), form)
                    if is_id(run_id)
                    else engine.reports.written(run_id, form)
                )
                content = told.encode("utf-8", "replace")
            else:
                content = engine.results.file(run_id, name)
        except UserError as error:
            return PlainTextResponse(error.what, status_code=404)
        headers = {"content-disposition": f'attachment; filename="fewtune-{run_id}-{name}"'}
        return Response(content, media_type="application/octet-stream", headers=headers)

    pages.add_api_route(_PATH + "/{run_id}/{name}", answer, methods=["GET", "HEAD"], response_model=None)
