import json

import pytest

import app
from core.errors import UserError
from core.strategy.advise import Goal
from ui.command.commands import COMMANDS
from ui.command.parser import GOALS, build_parser


def refusal(*words: str) -> UserError:
    with pytest.raises(UserError) as caught:
        build_parser().parse_args(words)
    return caught.value


def test_the_goals_of_the_command_line_are_those_of_the_engine():
    assert list(GOALS) == [goal.value for goal in Goal]


def test_every_command_is_performed_by_something():
    [commands] = [action for action in build_parser()._actions if action.dest == "command"]
    assert set(commands.choices) == set(COMMANDS)


@pytest.mark.parametrize("words", [("--home", "h", "--json", "runs"), ("runs", "--home", "h", "--json")])
def test_what_holds_everywhere_may_stand_before_and_after_the_command(words):
    given = build_parser().parse_args(words)
    assert (str(given.home), given.json, given.launcher) == ("h", True, None)


def test_a_misspelt_command_is_answered_with_the_right_one():
    error = refusal("trian")
    assert error.what == "Invalid choice: 'trian'."
    assert "'train'" in error.fix


def test_a_command_that_resembles_none_is_answered_with_all():
    assert "evaluate" in refusal("zzz").fix


def test_a_missing_argument_is_named():
    assert "--model" in refusal("advise", "data.csv").what


@pytest.mark.parametrize("port", ["-1", "65536", "http", "7860.5"])
def test_a_port_that_is_none_is_refused(port):
    assert "--port" in refusal("--port", port).what


@pytest.mark.parametrize("size", ["0", "-3", "inf", "nan", "big"])
def test_a_gpu_size_that_is_none_is_refused(size):
    assert "--gpu-memory" in refusal("advise", "x", "--model", "m", "--gpu-memory", size).what


def test_abbreviated_flags_are_refused_because_a_later_flag_would_change_their_meaning():
    assert "--js" in refusal("runs", "--js").what


def test_wrong_words_exit_with_2_and_say_what_and_fix_on_stderr(capsys):
    assert app.main(["runs", "--sort", "name"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--sort" in err
    assert "--help" in err


def test_wrong_words_are_one_json_object_on_stdout_when_json_is_wanted(capsys):
    assert app.main(["trian", "--json"]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    error = json.loads(out)["error"]
    assert set(error) == {"what", "fix", "problems"}
    assert "'train'" in error["fix"]
