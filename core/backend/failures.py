"""An exception of a library becomes a sentence with numbers, and what to do."""

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch
from safetensors import SafetensorError

from core.errors import MachineError, MemoryFullError, ModelError, UserError
from core.strategy.plan import Plan
from core.strategy.smaller import smaller, told

GIB = 2**30
MIB = 2**20
_OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|cannot allocate memory|not enough memory", re.IGNORECASE
)
_WANTED = re.compile(r"(?:allocate|allocating) (?P<amount>[\d.]+) ?(?P<unit>bytes|KiB|MiB|GiB)", re.IGNORECASE)
_DISK_FULL = re.compile(r"no space left|unexpected pos|file write failed|PytorchStreamWriter failed", re.IGNORECASE)
_OFFLINE = frozenset(
    {
        "OfflineModeIsEnabled",
        "LocalEntryNotFoundError",
        "ConnectionError",
        "ConnectError",
        "ConnectTimeout",
        "ReadTimeout",
    }
)
_UNITS = {"bytes": 1, "kib": 2**10, "mib": 2**20, "gib": GIB}


def explain(
    error: BaseException,
    *,
    plan: Plan | None = None,
    log: Path | str | None = None,
    folder: Path | None = None,
    exports: bool = False,
) -> UserError:
    """What happened and what to do, for any exception; errors made for people come back as they are.

    With the run's `plan` the advice names its numbers; `log` is where the whole story stands; `folder`, or else the
    home folder, lies on the disk that may be full. `exports` is set where the work is an export, which saves nothing.
    """
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, UserError):
            return one
    for one in chain:
        found = _memory(one, plan) or _disk(one, folder or Path.home(), exports=exports) or _hub(one) or _driver(one)
        if found is not None:
            return found
    text = (str(error).strip() or "no further words").splitlines()[0][:300]
    where = f"The whole story stands in {log}." if log else "The whole story stands in worker.log in the run's folder."
    return UserError(f"The work ended with an unexpected {type(error).__name__}: {text}", where)


def _memory(error: BaseException, plan: Plan | None) -> UserError | None:
    if isinstance(error, torch.OutOfMemoryError):
        return MemoryFullError(f"The GPU's memory is full.{_numbers(str(error))}{_gpu_numbers()}", _smaller(plan))
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error))):
        memory = psutil.virtual_memory()
        have = f" {memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB are free."
        return MemoryFullError(f"The computer's memory is full.{_numbers(str(error))}{have}", _smaller(plan))
    return None


def _numbers(text: str) -> str:
    """How much was wanted at last, if the message says it."""
    wanted = _WANTED.search(text)
    if wanted is None:
        return ""
    return f" Another {float(wanted['amount']) * _UNITS[wanted['unit'].lower()] / GIB:.2f} GiB were needed."


def _gpu_numbers() -> str:
    if not torch.cuda.is_available():
        return ""
    free, total = torch.cuda.mem_get_info(0)
    return f" {free / GIB:.1f} of {total / GIB:.1f} GiB are free."


def _smaller(plan: Plan | None) -> str:
    """The next smaller plan of the same rows per step."""
    if plan is None:
        return "Set batch size to half and accumulation to twice of what they are, or choose QLoRA."
    then = smaller(plan)
    if then is None:
        return f"Set longest row to {max(16, plan.max_length // 2)}, or choose a smaller model."
    return told(plan, then)


def _disk(error: BaseException, folder: Path, *, exports: bool) -> UserError | None:
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    # Torch says it in words of its own when a file cannot grow any more.
    if full or (isinstance(error, (RuntimeError, OSError, SafetensorError)) and _DISK_FULL.search(str(error))):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        disk = psutil.disk_usage(str(there))
        place = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
        then = "then export again" if exports else "the last complete checkpoint is intact, so resume after that"
        return MachineError(
            f"The disk is full{place}; {disk.free / MIB:,.1f} of {disk.total / MIB:,.1f} MiB are free at {there}.",
            f"Free some space, or delete old runs; {then}.",
        )
    return None


def _hub(error: BaseException) -> UserError | None:
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"RepositoryNotFoundError", "GatedRepoError", "RevisionNotFoundError"}:
        return ModelError(
            "The hub has no such model, or it wants a login.",
            "Check the name. For a model that wants a login, run 'hf auth login' once.",
        )
    if names & _OFFLINE or "couldn't connect to" in str(error).lower():
        return ModelError(
            "The model is not on this computer and the hub cannot be reached.",
            "Connect to the internet once, give the folder of a model, or take 'starter', which is always here.",
        )
    return None


def _driver(error: BaseException) -> UserError | None:
    if isinstance(error, RuntimeError) and "CUDA error" in str(error):
        first = str(error).splitlines()[0]
        return MachineError(
            f"The GPU reported a fault: {first}", "Start again; if it comes back, restart the computer."
        )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and those that led to it."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
