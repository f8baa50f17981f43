"""The matrix as it is shown: everything in it, one's own rows lit, and what is only claimed marked so."""

import html
import re

import pytest

from core.engine import Engine
from core.strategy import survey
from core.strategy.advise import Goal
from core.strategy.matrix import budget_rule, claims, matrix
from core.strategy.methods import METHODS
from ui.matrixsheet import lit_matrix


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = Engine(tmp_path_factory.mktemp("matrix"), launcher="thread")
    yield engine
    engine.close()


def shown(engine, sample, **wishes):
    return lit_matrix(engine.advise(engine.choose(engine.open_data(sample)), "starter", **wishes))


def words(markup):
    return html.unescape(re.sub(r"<[^>]+>", " ", markup))


def lit(markup):
    return [" ".join(words(row).split()) for row in re.findall(r"<tr class='lit'>.*?</tr>", markup)]


@pytest.mark.parametrize("sample", ["legal_clauses", "medical_notes", "financial_qa"])
def test_the_whole_matrix_is_there_and_a_row_of_each_table_is_lit(engine, sample):
    markup = shown(engine, sample)
    for name in (*(cell.name for cell in matrix()), *(row.approach for row in survey.survey())):
        assert name in words(markup)
    unsaved = sample != "legal_clauses"
    assert len(lit(markup)) == 2 + unsaved + len(survey.rows_for(engine.choose(engine.open_data(sample)).format, 500))


def test_labels_light_a_row_for_classification_and_one_for_models_that_write(engine):
    found = lit(shown(engine, "legal_clauses"))
    assert any("NLI format" in row and "table 4" in row for row in found)
    assert any("section 5.4" in row for row in found)
    assert "Fewtune does not run: NLI format" in words(shown(engine, "legal_clauses"))


def test_the_neighbours_the_disagreements_and_the_claims_are_told(engine):
    told = words(shown(engine, "legal_clauses"))
    assert "From 1,000 examples on, LoRA of rank 16 takes over" in told
    for one in survey.disagreements():
        assert one.about in told
        assert one.here in told
    for claim in claims().values():
        assert f"{claim.memory_7b_gb:g} GB" in told
    assert told.count("Claim:") == 3


def test_that_four_bits_would_save_nothing_is_said_below_the_matrix_and_lights_its_row(engine):
    markup = shown(engine, "financial_qa")
    assert any(
        row.startswith("any, four bits save no memory (with free answers: under 5%) LoRA") for row in lit(markup)
    )
    assert "The plan takes LoRA all the same. QLoRA is there to save memory" in words(markup)


def test_a_tight_budget_and_a_goal_that_takes_another_method_are_said(engine):
    frugal = lit(shown(engine, "legal_clauses", budget=True, gpu_memory=24))
    assert any(row.startswith("any, tight budget") for row in frugal)
    assert budget_rule().because not in words(shown(engine, "legal_clauses"))
    best = words(shown(engine, "legal_clauses", goal=Goal.BEST))
    assert f"takes {METHODS['lora'].title} all the same" in best
