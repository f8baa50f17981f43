"""An exception of a library becomes a sentence with numbers, and what to do."""

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

from core.errors import MachineError, ModelError, UserError
from core.strategy.plan import Plan

GIB = 2**30
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


def explain(error: BaseException, *, plan: Plan | None = None, log: Path | str | None = None) -> UserError:
    """What happened and what to do, for any exception; errors made for people come back as they are.

    With the run's `plan` the advice names its numbers; `log` is where the whole story stands.
    """
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, UserError):
            return one
    for one in chain:
        found = _memory(one, plan) or _disk(one) or _hub(one) or _driver(one)
        if found is not None:
            return found
    text = (str(error).strip() or "no further words").splitlines()[0][:300]
    where = f"The whole story stands in {log}." if log else "The whole story stands in worker.log in the run's folder."
    return UserError(f"The work ended with an unexpected {type(error).__name__}: {text}", where)


def _memory(error: BaseException, plan: Plan | None) -> UserError | None:
    if isinstance(error, torch.OutOfMemoryError):
        return MachineError(f"The GPU's memory is full.{_numbers(str(error))}{_gpu_numbers()}", _smaller(plan))
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error))):
        memory = psutil.virtual_memory()
        have = f" {memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB are free."
        return MachineError(f"The computer's memory is full.{_numbers(str(error))}{have}", _smaller(plan))
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
    if plan.batch_size > 1:
        half = plan.batch_size // 2
        return (
            f"Set batch size to {half} and accumulation to {-(-plan.rows_per_step // half)}: the same rows per step "
            "in less memory."
        )
    if not plan.gradient_checkpointing:
        return "Switch on recompute activations."
    if plan.method != "qlora":
        return "Choose QLoRA, which holds the base model in 4 bits."
    return f"Set longest row to {max(16, plan.max_length // 2)}, or choose a smaller model."


def _disk(error: BaseException) -> UserError | None:
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    # Torch says it in words of its own when a file cannot grow any more.
    if full or (isinstance(error, (RuntimeError, OSError)) and _DISK_FULL.search(str(error))):
        free = psutil.disk_usage(str(Path.home())).free / GIB
        place = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
        return MachineError(
            f"The disk is full{place}; {free:.2f} GiB are free on the disk of the home folder.",
            "Free some space, or delete old runs; the last complete checkpoint is intact, so resume after that.",
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
