"""What this machine has, and which models it can tune: markup from plain values."""

from collections.abc import Sequence

from core.strategy.catalogue import Entry, room_for
from core.strategy.machine import Machine
from core.strategy.methods import METHODS
from ui import drawings, markup, words
from ui.markup import text


def models(entries: Sequence[Entry], machine: Machine, chosen: str) -> str:
    """The catalogue, each method marked by whether it fits the machine."""
    titles = [method.title for method in METHODS.values() if method.advised]
    rows = []
    for entry in entries:
        rooms = room_for(entry.facts, machine)
        fits = [f"{words.gib(room.memory_gib)}{'' if room.fits else ', too much'}" for room in rooms.values()]
        licence = f"{entry.licence}{', terms to accept' if entry.gated else ''}"
        kind = "instruct" if entry.instruct else "base"
        cells = [entry.title, entry.facts.size, f"{entry.facts.context:,}", kind, entry.languages, licence, *fits]
        rows.append((cells, "lit" if entry.model == chosen else ""))
    head = ("Model", "Size", "Context", "Kind", "Languages", "Licence", *titles)
    told = f"Forecast for one row of 512 tokens at a time, beside {words.gib(_free(machine))} that are free."
    return markup.block(f"{drawings.table(head, rows, 'ft-models')}<p class='ft-below'>{text(told)}</p>")


def _free(machine: Machine) -> float:
    return machine.memory_available_gib if machine.accelerator_gib is None else machine.accelerator_gib


def machine(found: Machine) -> str:
    """What this computer has and who uses it."""
    memory = f"{words.gib(found.memory_available_gib)} of {words.gib(found.memory_total_gib)} free"
    rows = [
        ("Processor", f"{found.cpu_name}, {words.counted(found.cpu_count, 'core')}"),
        ("bf16", "in hardware" if found.bf16 else "not in hardware: training computes in fp32"),
        ("4-bit weights", "possible, on a processor too"),
        ("Memory", memory),
        ("Disk", f"{words.gib(found.disk_free_gib)} free where runs are kept"),
    ]
    for number, gpu in enumerate(found.gpus):
        state = [f"{words.gib(gpu.free_gib)} of {words.gib(gpu.total_gib)} free"]
        state += [f"{gpu.busy:.0%} busy"] if gpu.busy is not None else []
        state += [f"{gpu.temperature:.0f} °C"] if gpu.temperature is not None else []
        state += [f"{gpu.power_watts:.0f} W"] if gpu.power_watts is not None else []
        used = "" if number == 0 else " (runs use the first GPU)"
        rows.append((f"GPU {number}{used}", f"{gpu.name}: {', '.join(state)}"))
    if found.driver:
        rows.append(("NVIDIA driver", found.driver))
    told = f"<p class='ft-below'>{text(found.told)}</p>" if found.told else ""
    return markup.block(drawings.table(("", "This computer"), [(list(row), "") for row in rows]) + told)
