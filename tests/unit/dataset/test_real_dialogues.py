"""Small files built as well-known sets of conversations and preferences are."""

import json

import pytest

from tests.unit.dataset.sets import lines, read, repeated


@pytest.fixture
def write(tmp_path):
    def made(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return made


def test_messages_with_tools_become_readable_turns(write):
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Rome"}'}}
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather in Rome?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "21 degrees"},
        {"role": "assistant", "content": "It is mild."},
    ]
    found, reading = read(write("tools.jsonl", lines([{"messages": messages, "tools": tools}] * 10)))
    assert found.mapping == {"messages": "messages", "tools": "tools"}
    first = reading.examples[0]
    assert first.turns[0].content.startswith('Be brief.\n\nTools: [{"type": "function"')
    assert [turn.content for turn in first.turns[1:]] == [
        "Weather in Rome?",
        '{"name": "get_weather", "arguments": {"city": "Rome"}}',
        "Result of get_weather: 21 degrees",
    ]
    assert first.answer == "It is mild."
    found, reading = read(write("call.jsonl", lines([{"messages": messages[:3], "tools": json.dumps(tools)}] * 10)))
    assert reading.examples[0].answer == '{"name": "get_weather", "arguments": {"city": "Rome"}}'


def test_share_gpt_calls_of_functions_become_readable_turns(write):
    talk = [
        {"from": "human", "value": "Rate of EUR?"},
        {"from": "function_call", "value": '{"name": "rate", "arguments": {"of": "EUR"}}'},
        {"from": "observation", "value": "1.1"},
        {"from": "gpt", "value": "It is 1.1."},
    ]
    _, reading = read(write("glaive.json", json.dumps([{"conversations": talk, "tools": "[]"}] * 10)))
    contents = [turn.content for turn in reading.examples[0].turns]
    assert contents[1:] == ['{"name": "rate", "arguments": {"of": "EUR"}}', "Result of rate: 1.1"]


def test_a_picture_in_a_turn_is_not_passed_over(write):
    pieces = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    rows = [{"messages": [{"role": "user", "content": pieces}, {"role": "assistant", "content": "A cat."}]}] * 10
    _, reading = read(write("a.jsonl", lines(rows)))
    assert reading.unfit[0].why == "has a turn with image; only text can be learned from"


def test_chosen_and_rejected_dialogues_teach_the_better_answer(write):
    ask = {"role": "user", "content": "Tell me a joke."}
    rows = [
        {
            "prompt": "Tell me a joke.",
            "chosen": [ask, {"role": "assistant", "content": "A good one."}],
            "rejected": [ask, {"role": "assistant", "content": "A bad one."}],
            "score_chosen": 8.5,
        }
    ] * 10
    found, reading = read(write("ultra.jsonl", lines(rows)))
    assert (found.format, found.mapping) == ("preference", {"chosen": "chosen", "rejected": "rejected"})
    first = reading.examples[0]
    assert (first.prompt, first.answer, first.rejected) == ("Tell me a joke.", "A good one.", "A bad one.")


def test_transcripts_of_two_answers_share_their_beginning(write):
    begin = "\n\nHuman: Hello there\n\nAssistant: Hello!\n\nHuman: How are you?\n\nAssistant:"
    rows = [{"chosen": f"{begin} Very well.", "rejected": f"{begin} Go away."}] * 10
    found, reading = read(write("hh.jsonl", lines(rows)))
    assert found.format == "preference"
    first = reading.examples[0]
    assert [turn.content for turn in first.turns] == ["Hello there", "Hello!", "How are you?"]
    assert (first.answer, first.rejected) == ("Very well.", "Go away.")


@pytest.mark.parametrize(
    "parts",
    [
        {"prompt": "What is the capital of France?", "completion": "It is Paris, of course."},
        {
            "prompt": [{"role": "user", "content": "Capital?"}],
            "completion": [{"role": "assistant", "content": "Paris"}],
        },
        {"messages": [{"role": "user", "content": "Capital?"}, {"role": "assistant", "content": "Paris"}]},
    ],
)
def test_answers_that_are_marked_as_bad_are_left_out_and_said_to_be(write, parts):
    rows = [{**parts, "label": n % 3 > 0} for n in range(12)]
    found, reading = read(write("kto.jsonl", lines(rows)))
    assert found.format == "preference"
    assert len(reading.examples) == 8
    assert [(unfit.row, unfit.column, unfit.why) for unfit in reading.unfit] == [
        (row, "label", "is marked as a bad answer") for row in (1, 4, 7, 10)
    ]


def test_a_better_text_to_an_instruction_with_input_is_learned(write):
    rows = repeated(
        {
            "instruction": "Translate into German.",
            "input": "Good morning",
            "chosen": "Guten Morgen",
            "rejected": "Hallo",
        }
    )
    found, reading = read(write("dpo.json", json.dumps(rows)))
    assert found.mapping["prompt"] == "{instruction}\n\n{input}"
    assert reading.examples[0].prompt.endswith("\n\nGood morning")
    assert (reading.examples[0].answer, reading.examples[0].rejected) == ("Guten Morgen", "Hallo")
