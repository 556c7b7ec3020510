"""The machine that a reader has: an empty home, and in it a checkout with what would be built of it."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from documents.shell import Shell

ROOT = Path(__file__).resolve().parents[2]
CARGO = Path(__file__).with_name("cargo.sh")
NOT_COPIED = shutil.ignore_patterns(".git", "target", "rollcall-data", "__pycache__", ".*_cache")
# What may be new in a checkout that documents were followed in: what git ignores there.
IGNORED = ("target/", "rollcall-data/")
SECRET = re.compile(r"\brc_([a-z]+)_[A-Za-z0-9]{20,}")
PLACEHOLDER = re.compile(r"\brc_([a-z]+)_…")


class Machine:
    """A home with a checkout, and the shells in it."""

    def __init__(self):
        self.work = Path(tempfile.mkdtemp(prefix="rollcall-documents-"))
        self.home = self.work / "home"
        self.checkout = self.home / "rollcall"
        self.shells: list[Shell] = []
        self.secrets: dict[str, str] = {}
        shutil.copytree(ROOT, self.checkout, symlinks=True, ignore=NOT_COPIED)
        self.files = self.list_files()
        self.place(self.checkout / "target/release/rollcall", Path(os.environ["ROLLCALL_TEST_BINARY"]))
        self.place(self.checkout / "target/debug/follower-rust", Path(os.environ["ROLLCALL_TEST_FOLLOWER"]))
        self.place(self.work / "bin/cargo", CARGO)
        # An answer of 400 or more is a failure of curl's.
        (self.home / ".curlrc").write_text("fail-with-body\nno-progress-meter\n")

    @staticmethod
    def place(link: Path, target: Path) -> None:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)

    def environment(self) -> dict[str, str]:
        """The variables of a new terminal."""
        return {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": f"{self.work / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            # Packages of PyPI come from a folder: this machine has no way out.
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": os.environ["ROLLCALL_TEST_WHEELS"],
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def open(self, folder: Path, environment: dict[str, str]) -> Shell:
        shell = Shell(self.work / f"shell-{len(self.shells)}", folder, environment)
        self.shells.append(shell)
        return shell

    def learn(self, printed: str) -> None:
        """Keeps the secrets that were printed, as whoever reads them does."""
        for found in SECRET.finditer(printed):
            self.secrets[found[1]] = found[0]

    def filled_in(self, text: str) -> str:
        """What is typed where a document says `rc_scim_…`: the last secret of that kind."""
        return PLACEHOLDER.sub(lambda found: self.secrets[found[1]], text)

    def list_files(self) -> set[str]:
        return {str(path.relative_to(self.checkout)) for path in self.checkout.rglob("*") if not path.is_dir()}

    def litter(self) -> list[str]:
        """What is in the checkout that was not, and that git would see."""
        return sorted(name for name in self.list_files() - self.files if not name.startswith(IGNORED))

    def close(self) -> None:
        for shell in self.shells:
            shell.end()
        for shell in self.shells:
            shell.close()
        shutil.rmtree(self.work)
