"""Conversations: OpenAI's `messages` and ShareGPT's `conversations`; the last assistant turn is the answer."""

from collections.abc import Mapping

from core.dataset.example import Turn
from core.dataset.formats.columns import Columns, cell, find, quoted, raw
from core.dataset.formats.format import Converted, Detection, Format, Part, RowUnfit
from core.dataset.formats.turns import prompt_and_answer, read_turns, told_of_tools, turns_of, upto_question
from core.dataset.table import Row, text_of

NAMES = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat", "turns", "input")
"""What columns of turns are called."""
SYSTEMS = ("system", "system_prompt")
"""What columns of system prompts are called."""
_ANSWERS = ("preferred_output", "chosen")
_VERDICTS = ("label", "kto_tag", "desirable")
_TOOLS = ("tools", "functions")


def holds_turns(columns: Columns, column: str) -> bool:
    """Whether at least half of the cells are conversations."""
    cells = columns.cells(column)
    found = sum(turns_of(cell) is not None for cell in cells)
    return found > 0 and found >= len(cells) / 2


def _detect(columns: Columns) -> Detection | None:
    chats = [column for column in columns.names if holds_turns(columns, column)]
    if not chats:
        return None
    messages = find(chats, NAMES) or chats[0]
    others = [column for column in columns.names if column != messages]
    found = {
        "messages": messages,
        "answer": find(others, _ANSWERS),
        "system": find(others, SYSTEMS),
        "tools": find(others, _TOOLS),
    }
    mapping = {part: column for part, column in found.items() if column}
    because = f"The cells of column {quoted(messages)} are lists of turns with a role and a text."
    if not columns[messages].nested and not any(text_of(c).lstrip()[:1] in "[{" for c in columns.cells(messages)):
        because = f"The texts in column {quoted(messages)} are conversations in which each turn says who speaks."
    confidence = 0.98
    verdict = find(others, _VERDICTS)
    if "answer" not in mapping and verdict and columns[verdict].yes_no:
        because += (
            f" Column {quoted(verdict)} marks good and bad answers, which is not used: remove the bad rows first."
        )
        confidence = 0.6
    return Detection(format="chat", confidence=confidence, because=because, mapping=mapping)


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    turns = read_turns(raw(row, mapping, "messages"), "messages")
    if "answer" in mapping:
        turns = upto_question(turns) + _answer(row, mapping)
    system = cell(row, mapping, "system") or instruction
    if "tools" in mapping:
        own = "\n\n".join(turn.content for turn in turns if turn.role == "system")
        system = told_of_tools(own or system, raw(row, mapping, "tools"))
        turns = [turn for turn in turns if turn.role != "system"]
    return Converted(*prompt_and_answer(turns, "messages", system))


def _answer(row: Row, mapping: Mapping[str, str]) -> list[Turn]:
    value = raw(row, mapping, "answer")
    if isinstance(value, str) and value.strip() and turns_of(value) is None:
        return [Turn("assistant", value.strip())]
    answers = [turn for turn in read_turns(value, "answer") if turn.role == "assistant"]
    if not answers:
        raise RowUnfit("answer", "has no turn of the assistant that could be the answer")
    return answers


FORMAT = Format(
    name="chat",
    title="Chat",
    about="Conversations in turns; the last assistant turn is the answer, all before it the prompt.",
    parts=(
        Part(
            "messages",
            required=True,
            help="The turns; a last question without answer and an opening line are left out.",
        ),
        Part("answer", required=False, help="The answer, where it stands apart from the turns (chosen, preferred)."),
        Part("system", required=False, help="The system prompt, where it stands apart from the turns."),
        Part("tools", required=False, help="The tools that the assistant may call; they join the system prompt."),
    ),
    default_instruction="",
    detect=_detect,
    convert=_convert,
)
