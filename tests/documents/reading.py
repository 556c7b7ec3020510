"""What of a Markdown document is run: its fenced blocks of commands, in order.

Two comments, which readers do not see, say of the block beneath them what it cannot say itself:

    <!-- not run: it needs a mail server -->    it cannot run here, and why
    <!-- keeps running -->                      it does not end by itself; the reader goes on in another terminal

and one at the top of a document says which documents its reader has followed before:

    <!-- after: quick-start.md okta.md -->

A block of `text` or `json` right beneath a block of commands is what these print.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^ *```(\w*)$")
COMMENT = re.compile(r"^ *<!-- (.+) -->$")
COMMANDS = {"sh", "console", "python"}
OUTPUT = {"text", "json"}


class WrongDocumentError(Exception):
    """A document that says something about its blocks that nobody understands."""


@dataclass
class Step:
    """What is typed at once, and what it prints as far as the document shows it."""

    typed: str
    shown: str = ""


@dataclass
class Block:
    """A fenced block of commands."""

    line: int
    language: str
    text: str
    shown: str = ""
    not_run: str | None = None
    keeps_running: bool = False

    def steps(self) -> list[Step]:
        """What is typed, one after the other: a block of `console` has a prompt before each command."""
        if self.language != "console":
            return [Step(self.text, self.shown)]
        steps: list[Step] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line.removeprefix("$ ")))
            elif steps and steps[-1].typed.endswith("\\"):
                steps[-1].typed += f"\n{line}"
            elif steps:
                steps[-1].shown += f"{line}\n"
        return steps


@dataclass
class Document:
    """A Markdown document with its blocks, and the documents that come before it."""

    path: Path
    after: list[Path] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass
class Fenced:
    """Any fenced block, with the comment right above it, and whether nothing but that is between it and the last."""

    line: int
    language: str
    text: str
    comment: str
    follows: bool


def fenced(lines: list[str]) -> Iterator[Fenced]:
    """The fenced blocks among the lines of a document."""
    opened, language, comment, follows = 0, "", "", False
    for number, line in enumerate(lines, start=1):
        fence = FENCE.match(line)
        if opened and fence:
            text = textwrap.dedent("\n".join(lines[opened : number - 1]))
            yield Fenced(opened, language, text, comment, follows)
            opened, comment, follows = 0, "", True
        elif fence:
            opened, language = number, fence[1]
        elif not opened and line.strip():
            above = COMMENT.match(line)
            comment = above[1] if above else ""
            follows = False


def read(path: Path) -> Document:
    """Reads a document."""
    lines = path.read_text().splitlines()
    document = Document(path, list(predecessors(path, lines)))
    for one in fenced(lines):
        if one.language in COMMANDS:
            block = Block(one.line, one.language, one.text)
            note(block, one.comment)
            document.blocks.append(block)
        elif one.language in OUTPUT and one.follows and document.blocks:
            document.blocks[-1].shown = one.text
    return document


def note(block: Block, comment: str) -> None:
    """Applies to a block what the comment above it says."""
    if comment.startswith("not run: "):
        block.not_run = comment.removeprefix("not run: ")
    elif comment == "keeps running":
        block.keeps_running = True
    elif comment:
        raise WrongDocumentError(f"line {block.line}: a block has no such comment: {comment}")


def predecessors(path: Path, lines: list[str]) -> Iterator[Path]:
    """The documents that a reader of this one has followed before, by what the document says of itself."""
    for line in lines:
        comment = COMMENT.match(line)
        if comment and comment[1].startswith("after: "):
            for name in comment[1].removeprefix("after: ").split():
                yield (path.parent / name).resolve(strict=True)


def walks(documents: list[Document]) -> list[list[Document]]:
    """What is followed on one machine: a document that names none before it, and those that come after it, in order."""
    by_path = {document.path: document for document in documents}
    found: dict[Path, list[Document]] = {}

    def take(document: Document) -> Path:
        """Puts a document behind those that come before it, and returns where its walk begins."""
        begins = {take(by_path[path]) for path in document.after} or {document.path}
        if len(begins) > 1:
            raise WrongDocumentError(f"{document.path} comes after documents that begin with a new machine each")
        (begin,) = begins
        walk = found.setdefault(begin, [])
        if document not in walk:
            walk.append(document)
        return begin

    for document in sorted(documents, key=lambda one: one.path):
        take(document)
    return list(found.values())
