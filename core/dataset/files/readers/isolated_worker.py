"""Run as a process of its own: reads workbooks, Parquet and Arrow files with libraries that a bad file can bring down.

Takes the file on standard input, and the kind and the sheet as arguments. Answers in lines of JSON: an object that says
what there is, then each row as an array; or an object with an "error".
"""

import io
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson

MEMORY = 2**30
"""Bytes that may be used, on systems that can limit them."""
_SECONDS = {"workbook": 20, "parquet": 120, "arrow": 120}
"""Of processor time."""
_ROWS_AT_ONCE = 256
_TABLE = 8
"""Rows of a sheet, the header among them, above which it is taken for the table; where none is, the longest."""


def main() -> None:
    """Answer, and say in one line what went wrong."""
    kind, sheet = sys.argv[1], sys.argv[2]
    _limit(_SECONDS[kind])
    out = sys.stdout.buffer
    try:
        for line in _KINDS[kind](sheet):
            out.write(orjson.dumps(line, default=_plain, option=orjson.OPT_NON_STR_KEYS) + b"\n")
    except MemoryError:
        out.write(orjson.dumps({"error": "memory"}) + b"\n")
    except (OSError, ValueError, TypeError, KeyError, IndexError, NotImplementedError) as error:
        said = str(error).splitlines()
        out.write(orjson.dumps({"error": f"{said[0] if said else 'it is damaged'}"[:300]}) + b"\n")
    out.flush()


def _limit(seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows knows no such limits
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _workbook(sheet: str) -> Iterator[Any]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        hidden = [one.name for one in book.sheets_metadata if one.visible != SheetVisibleEnum.Visible]
        names = list(book.sheet_names)
        best: tuple[bool, int] = (False, -1)
        taken, above, rows = "", 0, []
        for name in [sheet] if sheet in names else sorted(names, key=lambda name: name in hidden):
            cells = book.get_sheet_by_name(name)
            content = cells.to_python(skip_empty_area=True)
            filled = sum(any(cell != "" for cell in row) for row in content)
            looks = (filled > _TABLE and len(content[0]) > 1, filled)
            if looks > best:
                best, taken, above, rows = looks, name, (cells.start or (0, 0))[0], content
            if looks[0]:
                break  # the first that is a table; a title page and a few words about the file often stand before it
    except PasswordError:
        yield {"error": "password"}
        return
    except CalamineError as error:
        raise ValueError(str(error)) from error
    yield {"sheets": names, "taken": taken, "above": above}
    yield from ([_shown(cell) for cell in row] for row in rows)


def _shown(cell: Any) -> str:  # noqa: ANN401
    """The text that a spreadsheet shows, as far as the file tells."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _parquet(_: str) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    file = parquet.ParquetFile(pa.PythonFile(sys.stdin.buffer, mode="r"))
    groups = range(file.metadata.num_row_groups)
    size = sum(file.metadata.row_group(group).total_byte_size for group in groups)
    yield {"columns": file.schema_arrow.names, "rows": file.metadata.num_rows, "bytes": size}
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _arrow(_: str) -> Iterator[Any]:
    import pyarrow as pa

    source = pa.PythonFile(sys.stdin.buffer, mode="r")
    if sys.stdin.buffer.read(6) == b"ARROW1":
        sys.stdin.buffer.seek(0)
        file = pa.ipc.open_file(source)
        batches = (file.get_batch(number) for number in range(file.num_record_batches))
        names = file.schema.names
    else:
        sys.stdin.buffer.seek(0)
        stream = pa.ipc.open_stream(source)
        batches, names = iter(stream), stream.schema.names
    yield {"columns": names}
    for batch in batches:
        for begin in range(0, batch.num_rows, _ROWS_AT_ONCE):
            piece = batch.slice(begin, _ROWS_AT_ONCE)
            yield from zip(*(column.to_pylist() for column in piece.columns), strict=True)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has no word for
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


_KINDS = {"workbook": _workbook, "parquet": _parquet, "arrow": _arrow}

if __name__ == "__main__":
    main()
