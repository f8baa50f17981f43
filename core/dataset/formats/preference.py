"""Better and worse answers: pairs as for DPO, or answers with a mark as for KTO; what is trained is the better one."""

from collections.abc import Mapping
from typing import Any

from core.dataset.example import Turn
from core.dataset.formats.chat import NAMES, SYSTEMS, holds_turns
from core.dataset.formats.columns import Columns, cell, find, fold, is_yes, quoted, raw
from core.dataset.formats.format import Converted, Detection, Format, Part, RowUnfit
from core.dataset.formats.turns import joined, prompt_and_answer, read_turns, turns_of, upto_question
from core.dataset.table import Row, text_of

_PAIRS = (
    ("chosen", "rejected"), ("preferred_output", "non_preferred_output"), ("preferred", "rejected"),
    ("chosen_response", "rejected_response"), ("response_chosen", "response_rejected"), ("better", "worse"),
    ("accepted", "rejected"), ("response_j", "response_k"), ("preferred", "dispreferred"),
)  # fmt: skip
_PROMPTS = ("prompt", "question", "instruction", "query", "input", *NAMES)
_INPUTS = ("input", "context")
_ANSWERS = ("completion", "response", "answer", "output")
_MARKS = ("label", "kto_tag", "desirable", "is_good", "thumbs_up", "thumb", "preferred")
_GOOD = {"good", "chosen", "desirable", "up", "positive"}
_BAD = {"bad", "rejected", "undesirable", "down", "negative"}


def _detect(columns: Columns) -> Detection | None:
    return _paired(columns) or _marked(columns)


def _paired(columns: Columns) -> Detection | None:
    pairs = [(find(columns.names, [better]), find(columns.names, [worse])) for better, worse in _PAIRS]
    chosen, rejected = next((pair for pair in pairs if all(pair)), ("", ""))
    if not chosen:
        return None
    others = [column for column in columns.names if column not in {chosen, rejected}]
    prompt = find(others, _PROMPTS)
    whole = holds_turns(columns, chosen) and _is_dialogue(columns, chosen)
    if not prompt and not whole:
        return None
    given = find((c for c in others if c != prompt), _INPUTS) if fold(prompt) == "instruction" else ""
    found = {
        "prompt": "" if whole else f"{{{prompt}}}\n\n{{{given}}}" if given else prompt,
        "chosen": chosen,
        "rejected": rejected,
        "system": find(others, SYSTEMS),
    }
    because = f"The columns {quoted(chosen, rejected)} hold a better and a worse answer; the better one is learned."
    return _detection(0.99, because, found)


def _is_dialogue(columns: Columns, column: str) -> bool:
    """Whether the cells hold the questions as well as the answers."""
    cells = [turns_of(cell) or [] for cell in columns.cells(column)]
    whole = sum(bool(turns) and any(map(_asks, turns)) and not _asks(turns[-1]) for turns in cells)
    return whole >= len(cells) / 2


def _asks(turn: Mapping[str, Any]) -> bool:
    return text_of(turn.get("role", turn.get("from"))).casefold() in {"user", "human", "prompter"}


def _marked(columns: Columns) -> Detection | None:
    mark = find(columns.names, _MARKS)
    if not mark or columns[mark].nested or not _says_true_and_false(columns, mark):
        return None
    others = [column for column in columns.names if column != mark]
    chats = [column for column in others if holds_turns(columns, column)]
    dialogue = next((column for column in chats if _is_dialogue(columns, column)), "")
    answer = dialogue or find(others, _ANSWERS)
    prompt = "" if dialogue else find((c for c in others if c != answer), _PROMPTS)
    if not answer or not (dialogue or prompt):
        return None
    found = {"prompt": prompt, "chosen": answer, "mark": mark, "system": find(others, SYSTEMS)}
    because = f"Column {quoted(mark)} marks good and bad answers in column {quoted(answer)}; the good ones are learned."
    return _detection(0.985, because, found)


def _says_true_and_false(columns: Columns, mark: str) -> bool:
    said = {text_of(cell).strip().casefold() for cell in columns.cells(mark, len(columns.rows))}
    sets = [{"true", "false"}] + ([{"0", "1"}] if fold(mark) != "label" else [])
    return bool(said) and any(said <= allowed for allowed in sets)


def _detection(confidence: float, because: str, found: Mapping[str, str]) -> Detection:
    mapping = {part: column for part, column in found.items() if column}
    return Detection(format="preference", confidence=confidence, because=because, mapping=mapping)


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    chosen = _said(raw(row, mapping, "chosen"), "chosen", "assistant")
    if "mark" in mapping and not _is_good(raw(row, mapping, "mark")):
        raise RowUnfit("mark", "is marked as a bad answer")
    asked = raw(row, mapping, "prompt")
    before = upto_question(_said(asked, "prompt", "user")) if "prompt" in mapping else []
    system = cell(row, mapping, "system") or instruction
    prompt, answer = prompt_and_answer(_whole(before, chosen), "chosen", system)
    return Converted(prompt, answer, rejected=_rejected(row, mapping, before, prompt, system))


def _rejected(
    row: Row, mapping: Mapping[str, str], before: list[Turn], prompt: tuple[Turn, ...], system: str
) -> str | None:
    """The worse answer to the same prompt; None where the row has none, or it answers something else."""
    value = raw(row, mapping, "rejected")
    if value in (None, "", []):
        return None
    try:
        asked, answer = prompt_and_answer(_whole(before, _said(value, "rejected", "assistant")), "rejected", system)
    except RowUnfit:
        return None
    return answer if asked == prompt else None


def _whole(before: list[Turn], said: list[Turn]) -> list[Turn]:
    """The dialogue: of answers alone the prompt comes first, a whole dialogue begins with it already."""
    return joined(said if any(turn.role == "user" for turn in said) else before + said)


def _said(value: Any, part: str, role: Any) -> list[Turn]:  # noqa: ANN401 - a cell; a role
    """The cell's turns; a text that is none is said by `role`.

    Raises:
        RowUnfit: The cell is empty, or a turn cannot be learned from.
    """
    if isinstance(value, str) and turns_of(value) is None:
        if not value.strip():
            raise RowUnfit(part)
        return [Turn(role, value.strip().replace("\r\n", "\n"))]
    return read_turns(value, part)


def _is_good(value: Any) -> bool:  # noqa: ANN401 - a cell
    said = text_of(value).strip().casefold()
    verdict = is_yes(value)
    if verdict is None and said not in _GOOD | _BAD:
        raise RowUnfit("mark", f"has the mark {said[:40]!r}, which is neither good nor bad" if said else "")
    return said in _GOOD if verdict is None else verdict


FORMAT = Format(
    name="preference",
    title="Better and worse answers",
    about="A prompt with a better and a worse answer, or an answer marked good or bad; the good one is learned.",
    parts=(
        Part("prompt", required=False, help="What was asked; not needed where the answers hold the whole dialogue."),
        Part("chosen", required=True, help="The better answer, or the answer that the mark is about."),
        Part("rejected", required=False, help="The worse answer; kept, and not trained on."),
        Part("mark", required=False, help="True or false: rows that are marked as bad are left out."),
        Part("system", required=False, help="The system prompt, where it stands in a column of its own."),
    ),
    default_instruction="",
    detect=_detect,
    convert=_convert,
)
