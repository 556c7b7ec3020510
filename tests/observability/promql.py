"""What an expression of PromQL names: enough of the language to know what is a metric, a label, a function.

Whether an expression is right Prometheus says; this is for asking whether what it speaks of is there.
"""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""\s+|\#[^\n]*
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>(?:\d+(?:ms|[smhdwy]))+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)
    |(?P<variable>\$\w+|\$\{\w+\})
    |(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}\[\],@])""",
    re.VERBOSE,
)
# What labels come behind, in parentheses.
LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = {"and", "or", "unless", "bool", "offset", "start", "end", "inf", "nan"}


@dataclass
class Selector:
    """A metric in an expression, and what is done to it."""

    metric: str
    # Label, comparison and value of each matcher.
    matchers: list[tuple[str, str, str]] = field(default_factory=list)
    is_range: bool = False
    # The functions and aggregations around it, the nearest first.
    within: list[str] = field(default_factory=list)


@dataclass
class Expression:
    """What an expression names."""

    selectors: list[Selector] = field(default_factory=list)
    # The labels that it groups and joins by.
    grouping: set[str] = field(default_factory=set)


class NotPromqlError(Exception):
    """A text that is no PromQL, as far as this can tell."""


def tokens(text: str) -> list[str]:
    found, place = [], 0
    while place < len(text):
        token = TOKEN.match(text, place)
        if token is None:
            raise NotPromqlError(f"at {text[place : place + 20]!r} in {text!r}")
        if token.lastgroup:
            found.append(token[0])
        place = token.end()
    return found


def read(text: str) -> Expression:
    """Reads an expression."""
    words = tokens(text)
    read = Expression()
    around: list[str] = []
    function, place = "", 0
    while place < len(words):
        word = words[place]
        following = words[place + 1] if place + 1 < len(words) else ""
        if word in LISTS:
            end = words.index(")", place) if following == "(" else place
            read.grouping |= set(words[place + 2 : end]) - {","}
            place = end
        elif word == "(":
            around.append(function)
            function = ""
        elif word == ")":
            around.pop()
        elif word == "[":
            read.selectors[-1].is_range = ":" not in words[place : words.index("]", place)]
            place = words.index("]", place)
        elif re.match(r"[A-Za-z_:]", word) and word.lower() not in WORDS:
            if following == "(" or following in LISTS:
                function = word
            else:
                within = [one for one in reversed(around) if one]
                selector = Selector(word, within=within)
                if following == "{":
                    end = words.index("}", place)
                    selector.matchers = matchers(words[place + 2 : end])
                    place = end
                read.selectors.append(selector)
        place += 1
    if around:
        raise NotPromqlError(f"a parenthesis is open in {text!r}")
    return read


def matchers(words: list[str]) -> list[tuple[str, str, str]]:
    words = [word for word in words if word != ","]
    return [(words[place], words[place + 1], words[place + 2][1:-1]) for place in range(0, len(words), 3)]
