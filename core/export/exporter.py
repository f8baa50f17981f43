"""What an exporter is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from types import MappingProxyType
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
    scores: str = ""
    """What the model card says of the run's scores, in Markdown; empty where it has none."""
    energy: str = ""
    """What it says of the energy of the training; empty where none was measured."""

    @property
    def best(self) -> Path:
        """Where the run keeps its best weights."""
        return self.folder / "best"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What rounding may cost an export whose weights are not the tuned model's."""

    loss: float
    """Most that the loss on held-out answers may rise, in nats per token."""
    cause: str
    """What the weights are rounded to: "4 bits"."""


def _nothing_refused(task: ExportTask) -> None:
    pass


def _no_more_disk(task: ExportTask, bytes_per_weight: int) -> int:  # noqa: ARG001 - it writes what it hands over
    return 0


def _no_more_memory(task: ExportTask, bytes_per_weight: int) -> int:  # noqa: ARG001
    return 0


def _no_commands(plan: Plan, base_model: str) -> Mapping[str, str]:  # noqa: ARG001
    return MappingProxyType({})


def auto_class(plan: Plan) -> str:
    """The class of transformers that loads what the plan makes."""
    return "AutoModelForSequenceClassification" if plan.head == "class" else "AutoModelForCausalLM"


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
    extra: str = ""
    """The optional part of Fewtune that it needs; empty where it needs none."""
    modules: tuple[str, ...] = ()
    """Packages of that part, by the names under which they are imported."""
    refuses: Callable[[ExportTask], None] = _nothing_refused
    """Raises a UserError for what can be known before anything is loaded."""
    more_disk: Callable[[ExportTask, int], int] = _no_more_disk
    """Bytes on disk that it needs besides, for a while."""
    converting: Callable[[ExportTask, int], int] = _no_more_memory
    """Bytes of memory of the process that converts the merged model, where there is one that holds it."""
    tokenizer_apart: bool = True
    """Whether the tokenizer lies beside the weights, as transformers wants it."""
    tolerance: Tolerance | None = None
    """Where the weights are rounded: it is then compared by its answers, else by its logits."""
    check: str = ""
    """Module that answers held-out rows with such an export in a fresh process; only where there is a tolerance."""
    find: Callable[[Path], Path] = lambda folder: folder
    """What that module loads, in the export's folder."""
    commands: Callable[[Plan, str], Mapping[str, str]] = _no_commands
    """Programs that serve it to their command lines, given what stands for the base model; FOLDER is the export."""
