from dataclasses import replace
from pathlib import Path

import pytest

from core.dataset.choice import DataChoice
from core.events import Accompanied, MemoryMeasured
from core.export.exporter import ExportTask
from core.export.facts import describe
from core.job.energy import energy_section
from core.store.log import Record
from core.strategy.plan import Plan


def reading(seconds, watts, job=1):
    kind = "process" if watts is None else "gpu"
    event = MemoryMeasured(seconds=seconds, step=0, kind=kind, used_gib=1.0, total_gib=2.0, power_watts=watts)
    return Record(seq=1, job_id=job, kind="train", attempt=1, at=0.0, event=event)


def test_the_power_that_the_gpu_told_is_summed_over_the_time_between_readings():
    hour = [reading(second, 300.0) for second in range(0, 3601, 30)]
    assert "drew 0.3 kWh from the GPU in 60 minutes" in energy_section(hour)


def test_that_another_run_drew_from_the_same_gpu_is_said():
    hour = [reading(second, 300.0) for second in range(0, 3601, 30)]
    assert "Another run" not in energy_section(hour)
    beside = replace(hour[0], event=Accompanied(run="r1", name="another"))
    assert "Another run was at work on the same GPU" in energy_section([beside, *hour])


def test_power_that_changes_counts_with_its_mean():
    rising = [reading(second, 10.0 * second) for second in (0.0, 60.0)]
    assert "drew 0.005 kWh" in energy_section(rising)


def test_of_a_processor_nothing_is_said():
    assert energy_section([reading(0.0, None), reading(30.0, None)]) == ""


@pytest.mark.parametrize("second", [reading(5.0, 100.0, job=2), reading(4000.0, 100.0), reading(0.0, 100.0)])
def test_time_in_which_nobody_looked_is_not_filled_in(second):
    assert energy_section([reading(0.0, 100.0), second]) == ""


def test_the_card_has_a_section_on_energy_only_where_it_was_measured():
    data = DataChoice(name="d", source="s", sha256="0" * 64, format="chat", mapping={})
    place, plan = Path("p"), Plan(data=data, model="starter", method="lora")
    tasks = [
        ExportTask(plan=plan, home=place, folder=place, exporter="adapter", out=place, energy=energy)
        for energy in ("", "Training drew 1 kWh.\n")
    ]
    without, told = ("\n".join(describe(task)) for task in tasks)
    assert "Energy" not in without
    assert "## Energy\n\nTraining drew 1 kWh." in told
