"""Follows the documents: runs their commands in order, as they are printed, on a machine with an empty home.

    run.py [DOCUMENT…]

Each block of commands is a case. It must end with status 0 in every command, no answer to a curl may be 400 or more
unless the document shows that it is, and what the document shows of its output must come. A document is followed by
somebody who has followed those that it names (`reading.py`), in a new terminal of the same machine; one that names
none begins with a new machine.
"""

import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path

from documents.machine import ROOT, Machine
from documents.matching import missing
from documents.reading import Block, Document, Step, read, walks
from documents.shell import Outcome, Shell
from harness.verdicts import closing

PORTS = (8080, 50051)
# Seconds until somebody reads the next document: the activity log is written a moment after what it tells.
TURNING_A_PAGE = 2
# What a curl ends with whose answer is 400 or more.
REFUSED = "exit status 22 of: curl"


def is_free(port: int) -> bool:
    with socket.socket() as taken:
        return taken.connect_ex(("127.0.0.1", port)) != 0


class Walk:
    """Whoever follows documents on one machine."""

    def __init__(self):
        self.machine = Machine()
        # Where the terminals of the documents were left: folder and variables.
        self.left: dict[Path, tuple[Path, dict[str, str]]] = {}
        self.python = ""

    def follow(self, document: Document) -> Counter:
        """Runs the blocks of a document; all that did not pass is printed."""
        if not set(document.after) <= self.left.keys():
            print(f"failed: {document.path.relative_to(ROOT)}: a document before it did not end")
            return Counter(failed=1)
        if document.after:
            time.sleep(TURNING_A_PAGE)
        shell = self.terminal(document)
        self.python = ""
        counts: Counter = Counter()
        for block in document.blocks:
            where = f"{document.path.relative_to(ROOT)}:{block.line}"
            if block.not_run is not None:
                counts["skipped"] += 1
                print(f"not run: {where}: {block.not_run}")
                continue
            failures = self.run(shell, block)
            counts["failed" if failures else "passed"] += 1
            if failures:
                print(f"failed: {where}\n{block.text}\n" + "\n".join(failures))
        if not shell.is_stuck:
            self.left[document.path] = (shell.folder(), shell.environment())
        return counts

    def terminal(self, document: Document) -> Shell:
        """A new terminal, where those of the documents before were left and with what they exported."""
        folder, environment = self.machine.checkout, self.machine.environment()
        for path in document.after:
            folder, exported = self.left[path]
            environment |= exported
        return self.machine.open(folder, environment)

    def run(self, shell: Shell, block: Block) -> list[str]:
        """Runs a block, and returns what is wrong with it."""
        failures = []
        for step in block.steps():
            outcome = self.type(shell, block, step)
            self.machine.learn(outcome.output)
            wrong = judge(step, outcome)
            failures += [*wrong, "It printed:", outcome.output] if wrong else []
        return failures

    def type(self, shell: Shell, block: Block, step: Step) -> Outcome:
        try:
            text = self.machine.filled_in(step.typed)
        except KeyError as kind:
            return Outcome("", [f"no secret of the kind {kind} has been printed"])
        if block.language == "python":
            # The snippets of a document build upon one another.
            self.python += f"{text}\n"
            script, _ = shell.file(self.python, ".py")
            text = f"python - <'{script}'"
        if block.keeps_running:
            return shell.start(text, lambda printed: missing(step.shown, printed) is None)
        return shell.run(text)


def judge(step: Step, outcome: Outcome) -> list[str]:
    """What is wrong with what a step did."""
    expected = step.shown.startswith(("HTTP/1.1 4", "HTTP/1.1 5"))
    wrong = [failure for failure in outcome.failures if not (expected and failure.startswith(REFUSED))]
    line = missing(step.shown, outcome.output)
    if line is not None:
        wrong.append(f"It did not print: {line}")
    return wrong


def all_documents() -> list[Document]:
    """Every document of the sources."""
    paths = [path for path in ROOT.rglob("*.md") if not {".git", "target"} & set(path.relative_to(ROOT).parts)]
    return [read(path) for path in paths]


def chosen(walk: list[Document], names: list[str]) -> list[Document]:
    """Of a walk the documents of these names and those before them; without names, those with commands."""
    wanted = {(ROOT / name).resolve() for name in names} or {one.path for one in walk if one.blocks}
    for document in reversed(walk):
        if document.path in wanted:
            wanted |= set(document.after)
    return [document for document in walk if document.path in wanted]


def follow(documents: list[Document]) -> Counter:
    """Follows documents on one machine."""
    total: Counter = Counter()
    walk = Walk()
    try:
        for document in documents:
            counts = walk.follow(document)
            print(f"{document.path.relative_to(ROOT)}: {closing(counts)}", flush=True)
            total += counts
        litter = walk.machine.litter()
    finally:
        walk.machine.close()
    if litter:
        print(f"failed: the documents have written into the checkout: {' '.join(litter)}")
        total["failed"] += 1
    return total


def main() -> int:
    # Whoever is told to end still ends what runs on the machine.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    taken = [port for port in PORTS if not is_free(port)]
    if taken:
        sys.exit(f"failed: the documents name ports that are taken here: {', '.join(map(str, taken))}")
    total: Counter = Counter()
    for walk in walks(all_documents()):
        documents = chosen(walk, sys.argv[1:])
        total += follow(documents) if documents else Counter()
    print(closing(total))
    return 0 if total["failed"] == 0 and total["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
