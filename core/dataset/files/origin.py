"""What is written beside kept data: where they come from. It may be damaged, and is believed only where it is whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.errors import DataError, NotFoundError

FILE = "origin.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The content of an origin.json."""

    name: str
    kept: dict[str, str]
    """Role to the name of its file in the folder."""
    sha256: str = ""
    stamps: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Role to size and time of the last change of its file, for which the hash holds."""
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    act: str = ""
    made: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


_SHAPE = TypeAdapter(Origin)


def read_origin(folder: Path) -> Origin:
    """Where the data in `folder` come from.

    Raises:
        NotFoundError: There are none.
        DataError: What is written there is damaged.
    """
    again = "Choose the file again on the data page."
    damaged = DataError(f"The file that tells where the data set {folder.name} comes from is damaged.", again)
    try:
        origin = _SHAPE.validate_json((folder / FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"There is no data set with the id {folder.name!r}.", again) from error
    except (ValidationError, OSError) as error:
        raise damaged from error
    if "train" not in origin.kept or any(Path(name).name != name for name in origin.kept.values()):
        raise damaged
    return origin
