"""What the commands ask whoever sits at a terminal."""

import os
import pty
import subprocess

import pytest

from harness.process import binary, clean_environment

QUESTION = "Go on? [y/N]"


def at_a_terminal(house, *arguments: str, answer: str) -> tuple[int, str]:
    """Runs a command whose terminal answers its question; returns its exit status and what the terminal showed."""
    ours, theirs = pty.openpty()
    environment = clean_environment(ROLLCALL_SERVER=f"http://{house.grpc_address}", ROLLCALL_ADMIN_KEY=house.admin_key)
    started = subprocess.Popen([binary(), *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown, answered = "", False
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            # The terminal has closed with the command.
            part = b""
        if not part:
            break
        shown += part.decode()
        if QUESTION in shown and not answered:
            os.write(ours, answer.encode())
            answered = True
    os.close(ours)
    return started.wait(timeout=60), shown


def is_scim_on(directory) -> bool:
    return directory.house.command_json("directory", "show", directory.name)["scim"]


def switch_off(directory, *flags: str) -> list[str]:
    return ["directory", "update", directory.name, "--scim", "off", *flags]


@pytest.mark.parametrize("answer", ["n\n", "\n", "no\n", "whatever\n", "\x04"])
def test_scim_stays_on_unless_the_question_is_answered_with_yes(generic, answer):
    status, shown = at_a_terminal(generic.house, *switch_off(generic), answer=answer)
    assert status == 1
    assert shown.index(generic.name) < shown.index(QUESTION), "what it means is said before"
    assert "nothing was changed" in shown
    assert is_scim_on(generic)


@pytest.mark.parametrize("answer", ["y\n", "Y\n", "yes\n"])
def test_scim_goes_off_once_the_question_is_answered_with_yes(generic, answer):
    status, shown = at_a_terminal(generic.house, *switch_off(generic), answer=answer)
    assert status == 0, shown
    assert not is_scim_on(generic)


def test_whoever_says_yes_beforehand_or_changes_nothing_is_not_asked(generic):
    status, shown = at_a_terminal(generic.house, *switch_off(generic, "--yes"), answer="n\n")
    assert status == 0, shown
    assert QUESTION not in shown
    assert not is_scim_on(generic)
    status, shown = at_a_terminal(generic.house, *switch_off(generic), answer="n\n")
    assert (status, QUESTION in shown) == (0, False), shown
