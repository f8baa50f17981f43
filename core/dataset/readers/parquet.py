"""Parquet, read in small pieces, because a few kilobytes of it may unpack to gigabytes."""

from core.dataset.table import MAX_BYTES, Row, Table, check_cells, check_size, make_table
from core.errors import DataError

_ROWS_AT_ONCE = 64


def read_parquet(data: bytes, name: str) -> Table:
    """Read all rows of a Parquet file.

    Raises:
        DataError: The file is damaged, or unpacks to more than `MAX_BYTES`.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(data))
        check_size(file.metadata.num_rows, file.metadata.num_columns, name)
        groups = range(file.metadata.num_row_groups)
        _check_bytes(sum(file.metadata.row_group(group).total_byte_size for group in groups), name)
        rows: list[Row] = []
        unpacked = 0
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
            unpacked += batch.nbytes
            _check_bytes(unpacked, name)
            rows += batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it is damaged"
        raise DataError(f"{name} cannot be read as Parquet: {reason}", "Write the file again.") from error
    table = make_table(rows, "", name)
    check_cells(table.rows, name)
    return table


def _check_bytes(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise DataError(
            f"{name} unpacks to more than {MAX_BYTES // 2**20} MiB.",
            "Keep only the columns that training needs, or fewer rows.",
        )
