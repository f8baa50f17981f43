"""What an exporter is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, TypeAlias

from core.events import Emit
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTask:
    """Which run to write, in which form, and where."""

    plan: Plan
    home: Path
    folder: Path
    """The run's; holds `best/`."""
    exporter: str
    """Name of the form, as in EXPORTERS."""
    out: Path
    """The folder to be; it appears complete or not at all."""

    @property
    def best(self) -> Path:
        """Where the run keeps its best weights."""
        return self.folder / "best"


Write: TypeAlias = "Callable[[ExportTask, Loaded, Path, Emit, Flag], None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """One form in which a tuned model leaves Fewtune."""

    name: str
    title: str
    when: str
    """Completes "Take it when ..."."""
    needs: str
    """What whoever loads it must have, as a phrase."""
    available: Callable[[Plan], str]
    """Why a plan's result cannot take this form, as a sentence; empty where it can."""
    instead: str
    """What to do where it cannot: a sentence."""
    size_bytes: Callable[[ExportTask, int], int]
    """About what it will take on disk, given the bytes of one weight: 4 for fp32, 2 for bf16."""
    write: Write
    """Write weights and configuration into an empty folder; takes the loaded tuned model, which it may use up."""
    loading: Callable[[Plan, str], str]
    """Lines of Python that load the export with plain libraries, given what stands for the base model; `folder` is a
    name in them."""
