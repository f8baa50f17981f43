"""The architecture, as far as import-linter and ruff cannot see it."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "transformers", "peft", "trl", "bitsandbytes", "datasets", "accelerate"}
SOURCES = sorted(path for part in ("core", "ui", "tests", "assets") for path in (ROOT / part).rglob("*.py"))
PRODUCT = [ROOT / "app.py", *(path for path in SOURCES if path.relative_to(ROOT).parts[0] in {"core", "ui"})]


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `code`."""
    script = f"{code}\nimport json, sys; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_opening_the_dashboard_loads_no_training_library():
    assert not loaded_by("import app, ui.shell, ui.server").intersection(HEAVY)


def test_the_engine_loads_neither_gradio_nor_a_training_library():
    assert not loaded_by("import core.engine").intersection(HEAVY | {"gradio", "plotly", "pandas"})


def test_the_command_line_answers_without_gradio():
    assert not loaded_by("import app").intersection(HEAVY | {"gradio"})


@pytest.mark.parametrize("path", [ROOT / "app.py", *SOURCES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_and_no_function_grows_too_long(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300, "split it: no file over 300 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= 60, f"{node.name}: no function over 60 lines"


FORBIDDEN = {
    "shell=True": r"shell\s*=\s*True",
    "eval or exec": r"(?<![.\w])(eval|exec)\(",
    "pickle or joblib": r"^\s*(import|from)\s+(pickle|joblib|marshal|shelve)\b",
    "yaml without safe_load": r"yaml\.(load|full_load|unsafe_load)\(",
    "code from a model folder": r"trust_remote_code\s*=\s*(?!False)",
    "torch.load without weights_only": r"torch\.load\((?!.*weights_only=True)",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_that_runs_foreign_code_is_used(what):
    for path in PRODUCT:
        found = re.search(FORBIDDEN[what], path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert found is None, f"{path.relative_to(ROOT)}: {what}"


def test_only_a_border_catches_every_exception():
    broad = [
        str(path.relative_to(ROOT))
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert len(broad) <= 3, f"one in the worker, one around the page's handlers, one around trackers; found {broad}"


def test_every_module_can_be_imported_under_its_own_name():
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in PRODUCT
        if path.name not in {"__init__.py", "__main__.py"}
    ]
    # A package that gives out a function named as one of its modules hides that module: which one is meant would
    # depend on what was imported first.
    code = f"""
import importlib, sys
for name in {names!r}:
    importlib.import_module(name)
for name in {names!r}:
    package, _, module = name.rpartition(".")
    if package:
        assert getattr(sys.modules[package], module) is sys.modules[name], f"{{name}} is hidden"
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
