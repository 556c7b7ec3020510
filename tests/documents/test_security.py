"""What docs/security.md says of tests and places is true: each of them is there, and no promise is without one."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
# What is written as a path, with the name of a test behind it or without.
PLACES = re.findall(r"`(\w[\w.-]*/[^`\s]+)`", TEXT)
# Each promise by its number, with what stands below it.
PROMISES = re.findall(r"^\*\*([A-Z]\d+)\. (.*?)(?=^\*\*[A-Z]\d+\. |^#)", TEXT, re.MULTILINE | re.DOTALL)


def has_test(source: str, name: str) -> bool:
    """Whether a source has a test of that name: in Python, or in Rust by itself or in a list for each database."""
    by_itself = rf"^ *def (?=test_){name}\(|^ *#\[(tokio::)?test\b.*\]\n( *#\[.*\]\n)* *(async )?fn {name}\("
    lists = re.findall(r"on_both_databases!\s*[\[(](.*?)[\])]", source, re.DOTALL)
    return bool(re.search(by_itself, source, re.MULTILINE)) or any(name in re.findall(r"\w+", each) for each in lists)


def is_there(place: str) -> bool:
    file, _, test = place.partition("::")
    path = ROOT / file
    return path.exists() and (not test or has_test(path.read_text(), test))


def test_each_test_and_file_that_is_named_is_there():
    assert [place for place in PLACES if not is_there(place)] == []


def test_each_promise_has_a_number_of_its_own_and_names_a_test():
    numbers = [number for number, _ in PROMISES]
    assert sorted(set(numbers)) == sorted(numbers) != []
    assert [number for number, text in PROMISES if not re.search(r"::\w|`tests/fuzz/targets/", text)] == []


def test_each_promise_that_is_referred_to_is_made():
    made = {number for number, _ in PROMISES}
    assert sorted(set(re.findall(r"\b[A-Z]\d{1,2}\b(?!\.)", TEXT)) - made) == []
