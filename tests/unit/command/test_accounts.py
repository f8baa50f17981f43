import os

import pytest

from core.errors import UserError
from ui.accounts import read_accounts
from ui.guard import allowed_names, is_loopback
from ui.server import Serving, check_wish


@pytest.fixture
def accounts(tmp_path):
    def write(text: str, mode: int = 0o600):
        path = tmp_path / "accounts"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def test_each_line_is_an_account_and_a_password_may_hold_a_colon(accounts):
    path = accounts("# the team\n\nann:a:b\n bob : c \n")
    assert read_accounts(path) == [("ann", "a:b"), ("bob", " c ")]


def test_mistakes_are_named_by_line_and_never_shown(accounts):
    with pytest.raises(UserError) as caught:
        read_accounts(accounts("ann:one\nhunter2\n:hunter3\nann:hunter4\nbob:\n"))
    assert set(caught.value.problems) == {"line 2", "line 3", "line 4", "line 5"}
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n# nobody yet\n"])
def test_a_file_without_accounts_is_refused(accounts, text):
    with pytest.raises(UserError, match="no account"):
        read_accounts(accounts(text))


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_passwords_that_others_can_read_or_change_are_refused(accounts, mode):
    with pytest.raises(UserError, match="chmod 600"):
        read_accounts(accounts("ann:one\n", mode))


def test_a_missing_or_unreadable_file_is_refused_in_words(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_accounts(tmp_path / "nothing")
    (tmp_path / "bytes").write_bytes(b"ann:\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        read_accounts(tmp_path / "bytes")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.9.1"])
def test_only_this_machine_reaches_a_loopback_address(host):
    assert is_loopback(host)
    assert check_wish(Serving(host=host)) == []
    assert allowed_names(host) == {"127.0.0.1", "localhost", "::1"}


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.example.org", "2130706433"]
)
def test_every_other_address_needs_accounts(host):
    assert not is_loopback(host)
    with pytest.raises(UserError, match="--auth-file"):
        check_wish(Serving(host=host))
