"""The bundled samples: three small tasks that show the whole way, with their origin and licence."""

from dataclasses import dataclass
from pathlib import Path

from core.registry import Registry

_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "samples"
_CC_BY = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A data set that comes with Fewtune."""

    name: str
    title: str
    task: str
    """What the model learns to do, in a few words."""
    about: str
    rows: int
    """Rows of its training file."""
    test_rows: int
    format: str
    mapping: dict[str, str]
    instruction: str
    attribution: str
    licence: str = _CC_BY

    @property
    def files(self) -> dict[str, Path]:
        """Its training and its test file."""
        return {role: _FOLDER / f"{self.name}_{role}.csv" for role in ("train", "test")}


SAMPLES: Registry[Sample] = Registry(
    "sample",
    [
        Sample(
            name="legal_clauses",
            title="Legal clauses",
            task="Sort contract clauses into 10 kinds",
            about="Clauses from contracts that companies filed in the United States, 50 of each kind.",
            rows=500,
            test_rows=300,
            format="labelled_text",
            mapping={"text": "text", "label": "label"},
            instruction="Classify the text.",
            attribution="Cut from CUAD v1 by The Atticus Project, Inc. (Hendrycks and others, 2021), "
            "https://www.atticusprojectai.org/cuad",
        ),
        Sample(
            name="medical_notes",
            title="Medical notes",
            task="Write the note of a talk with a patient",
            about="Short dialogues, each with one section of the clinical note that was written from it.",
            rows=300,
            test_rows=100,
            format="prompt_completion",
            mapping={"prompt": "dialogue", "completion": "summary"},
            instruction="Summarise the dialogue.",
            attribution="Cut from MTS-Dialog by Ben Abacha, Yim, Fan and Lin (2023), https://github.com/abachaa/MTS-Dialog",
        ),
        Sample(
            name="financial_qa",
            title="Financial questions",
            task="Answer questions on annual reports",
            about="A table or a paragraph from a report, a question on it, and the answer, some by calculation.",
            rows=800,
            test_rows=200,
            format="question_answer",
            mapping={"context": "context", "question": "question", "answer": "answer"},
            instruction="Answer the question from the context.",
            attribution="Cut from TAT-QA by Zhu and others (2021), https://github.com/NExTplusplus/TAT-QA",
        ),
    ],
)
