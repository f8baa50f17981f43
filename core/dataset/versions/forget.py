"""Data are forgotten: every version of an upload is removed from the home folder, but for those that a run uses."""

import contextlib
import shutil
from collections.abc import Collection
from pathlib import Path

from core.dataset.files.intake import Source, data_folder
from core.dataset.files.keep import new_folder
from core.dataset.versions.history import history
from core.errors import DataError, MachineError


def forget(source: Source, home: Path, used: Collection[str]) -> list[str]:
    """Remove all versions of what was uploaded whose id is not among `used`, and return their ids.

    Raises:
        DataError: It is a sample, or runs use all versions.
        MachineError: A folder cannot be removed.
    """
    if source.sample:
        raise DataError("A sample comes with Fewtune and is not deleted.", "Choose data of your own first.")
    found = [version.id for version in history(source, home)]
    gone = [data_id for data_id in found if data_id not in used]
    if not gone:
        raise DataError("Runs use these data.", "Delete the runs first, on the page of runs.")
    for data_id in gone:
        _remove(data_folder(home, data_id))
    return gone


def _remove(folder: Path) -> None:
    """Rename, then remove: what is listed is whole, whatever happens in between.

    Raises:
        MachineError: The folder cannot be removed.
    """
    try:
        away = new_folder(folder.parent)
        with contextlib.suppress(FileNotFoundError):  # another tab was quicker
            folder.rename(away / folder.name)
        shutil.rmtree(away)
    except OSError as error:
        raise MachineError(f"The data cannot be deleted: {error.strerror}.", f"Remove {folder} by hand.") from error
