"""Training against what people would use instead: real tokens per processor second and peak memory, interleaved.

`pytest -m benchmark -s tests/benchmarks/test_training_speed.py` prints a table per method. Rows are of mixed length
(16 to 496 tokens), as limited data are; all engines take the same rows, eight to a step, from the same start weights.
LLaMA-Factory joins in where `FEWTUNE_LLAMA_FACTORY` names the Python of an environment that has it.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from core.strategy.methods import read_options
from tests.benchmarks.engines import ENGINES, ROWS_PER_STEP, plan_for, rows
from tests.unit.strategy.memory_probe import Case, save_model

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("FEWTUNE_ROUNDS", "3"))
SIZES = {
    "hidden_size": 256,
    "intermediate_size": 768,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "vocab_size": 4096,
}
"""7.3 M parameters."""
FACTORY = os.environ.get("FEWTUNE_LLAMA_FACTORY", "")
FACTORIES = {"llama_factory": {}, "llama_factory_no_checkpointing": {"disable_gradient_checkpointing": True}}
CASES = [("lora", "fp32"), ("lora", "bf16"), ("qlora", "fp32"), ("adapter", "fp32"), ("full", "fp32")]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(Case("llama", "lora", sizes=SIZES), tmp_path_factory.mktemp("model"))


def measured(model: Path, *words: str) -> dict:
    """What a fresh process says of one engine."""
    if words[0] in FACTORIES:
        return told([FACTORY, "tests/benchmarks/llama_factory.py", str(factory_task(model, *words))])
    return told([sys.executable, "-W", "ignore", "-m", "tests.benchmarks.engines", str(model), *words])


def told(command: list[str]) -> dict:
    """The JSON that a command prints last."""
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "DISABLE_VERSION_CHECK": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


def factory_task(model: Path, engine: str, method: str, precision: str) -> Path:
    """What LLaMA-Factory shall do, in a file: its environment need not have ours."""
    plan = plan_for(model, method, precision)
    rank = getattr(read_options(method, plan.options), "rank", 0)
    task = {
        "model": str(model), "method": method, "precision": precision, "rank": rank,
        "learning_rate": plan.learning_rate, "rows_per_step": ROWS_PER_STEP,
        "rows": [(row.input_ids, row.prompt_length) for row in rows()], "settings": FACTORIES[engine],
    }  # fmt: skip
    path = model.parent / f"{engine}-{method}-{precision}.json"
    path.write_text(json.dumps(task))
    return path


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("method", "precision"), CASES)
def test_training_is_faster_than_what_people_would_use_instead(method, precision, model, capsys):
    engines = (*ENGINES, *(FACTORIES if FACTORY and method != "adapter" else ()))
    found: dict[str, list[dict]] = {engine: [] for engine in engines}
    for _ in range(ROUNDS):
        for engine in engines:
            found[engine].append(measured(model, engine, method, precision))
    speed = {name: statistics.median(one["tokens_per_second"] for one in all_) for name, all_ in found.items()}
    with capsys.disabled():
        print(f"\n{method}, {precision}: real tokens per processor second, times as fast as it is ours, peak MiB")
        for name, all_ in found.items():
            speeds = [one["tokens_per_second"] for one in all_]
            print(
                f"{name:30} {speed[name]:6.0f} [{min(speeds):.0f}-{max(speeds):.0f}] "
                f"{speed['ours'] / speed[name]:5.2f} {max(one['peak_mib'] for one in all_):7.0f}"
            )
    assert found["ours"][0]["losses"] == pytest.approx(
        found["trl"][0]["losses"], abs=2e-3 if precision == "fp32" else 2e-2
    )
    assert speed["ours"] > max(rate for name, rate in speed.items() if not name.startswith("ours"))
