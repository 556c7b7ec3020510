"""Whether commands print what a document shows of them.

Every line that is shown must come, in this order; what comes between them is left out in the document. Spaces and line
breaks do not count, since a document folds what is long. Ids, times, secrets and the numbers of a JSON document are
others each time. `…` stands for anything.
"""

import re

OTHER_EACH_TIME = [
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"\brc_([a-z]+)_[A-Za-z0-9]*…?"), r"<\1>"),
    (re.compile(r'(?<=":)\s*-?\d+(\.\d+)?\b'), "<number>"),
]


def plain(text: str) -> str:
    """The text without what is another one each time, and without spaces."""
    for pattern, word in OTHER_EACH_TIME:
        text = pattern.sub(word, text)
    return re.sub(r"\s+", "", text)


def missing(shown: str, printed: str) -> str | None:
    """The first line of what is shown that was not printed."""
    printed, position = plain(printed), 0
    for line in shown.splitlines():
        pattern = ".*?".join(re.escape(part) for part in plain(line).split("…"))
        found = re.compile(pattern, re.DOTALL).search(printed, position)
        if not found:
            return line
        position = found.end()
    return None
