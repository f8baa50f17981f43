"""Training against what people would use instead: real tokens per processor second and peak memory, interleaved.

`pytest -m benchmark -s tests/benchmarks/test_training_speed.py` prints a table per method. Rows are of mixed length
(16 to 496 tokens), as limited data are; all engines take the same rows, eight to a step, from the same start weights.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.engines import ENGINES
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
CASES = [("lora", "fp32"), ("lora", "bf16"), ("qlora", "fp32"), ("adapter", "fp32"), ("full", "fp32")]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(Case("llama", "lora", sizes=SIZES), tmp_path_factory.mktemp("model"))


def measured(model: Path, *words: str) -> dict:
    """What a fresh process says of one engine."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.engines", str(model), *words],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("method", "precision"), CASES)
def test_training_is_faster_than_what_people_would_use_instead(method, precision, model, capsys):
    found: dict[str, list[dict]] = {engine: [] for engine in ENGINES}
    for _ in range(ROUNDS):
        for engine in ENGINES:
            found[engine].append(measured(model, engine, method, precision))
    speed = {name: statistics.median(one["tokens_per_second"] for one in all_) for name, all_ in found.items()}
    with capsys.disabled():
        print(f"\n{method}, {precision}: real tokens per processor second, times as fast as it is ours, peak MiB")
        for name, all_ in found.items():
            speeds = [one["tokens_per_second"] for one in all_]
            print(
                f"{name:17} {speed[name]:6.0f} [{min(speeds):.0f}-{max(speeds):.0f}] "
                f"{speed['ours'] / speed[name]:5.2f} {max(one['peak_mib'] for one in all_):7.0f}"
            )
    assert found["ours"][0]["losses"] == pytest.approx(
        found["trl"][0]["losses"], abs=2e-3 if precision == "fp32" else 2e-2
    )
    assert speed["ours"] > max(rate for name, rate in speed.items() if not name.startswith("ours"))
