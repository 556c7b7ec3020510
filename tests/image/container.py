"""An image's archive, unpacked, and processes that run in it as an engine would run them."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.process import Process


@dataclass
class Image:
    """An image from an OCI archive."""

    archive: Path

    @cached_property
    def blobs(self) -> dict[str, bytes]:
        """What the archive has, by digest."""
        with tarfile.open(self.archive) as archive:
            return {
                "sha256:" + Path(member.name).name: archive.extractfile(member).read()
                for member in archive
                if member.isfile() and member.name.startswith("blobs/sha256/")
            }

    @cached_property
    def manifest(self) -> dict:
        with tarfile.open(self.archive) as archive:
            [only] = json.load(archive.extractfile("index.json"))["manifests"]
        return json.loads(self.blobs[only["digest"]])

    @cached_property
    def description(self) -> dict:
        """What it is: its architecture, its layers, its `config`."""
        return json.loads(self.blobs[self.manifest["config"]["digest"]])

    @property
    def config(self) -> dict:
        """How it is run."""
        return self.description["config"]

    @property
    def environment(self) -> dict[str, str]:
        return dict(variable.split("=", 1) for variable in self.config["Env"])

    @property
    def compressed_size(self) -> int:
        return sum(layer["size"] for layer in self.manifest["layers"])

    @cached_property
    def layers(self) -> list[bytes]:
        """Its layers as tar files."""
        return [gzip.decompress(self.blobs[layer["digest"]]) for layer in self.manifest["layers"]]

    @cached_property
    def files(self) -> dict[str, tarfile.TarInfo]:
        """What is in it, by path."""
        found = {}
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as content:
                found |= {"/" + member.name.strip("/"): member for member in content}
        assert not any(Path(path).name.startswith(".wh.") for path in found), "no layer takes away from another"
        return found

    def read(self, path: str) -> bytes:
        """What a file in it says."""
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as content:
                for member in content:
                    if "/" + member.name == path:
                        return content.extractfile(member).read()
        raise FileNotFoundError(path)

    def unpack(self, folder: Path) -> None:
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as content:
                content.extractall(folder, numeric_owner=True, filter="fully_trusted")


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


class Container(Process):
    """A process in an image: its user, environment and command, its own root, which nobody can write to.

    Only what the image has is there, neither /proc nor /dev. `mounts` are files of this machine that are mounted over
    those of the image, such as /etc/resolv.conf, which every engine mounts.
    """

    def __init__(self, image: Image, folder: Path, *arguments: str, data: Path | None = None, mounts=None, **settings):
        self.name = arguments[0] if arguments else image.config["Cmd"][0]
        self.stdout_path, self.stderr_path = folder / "stdout", folder / "stderr"
        unpacked, root = folder / "unpacked", folder / "root"
        unpacked.mkdir(parents=True)
        root.mkdir()
        image.unpack(unpacked)
        for inside in mounts or {}:
            (unpacked / inside.strip("/")).touch()
        mount("--bind", unpacked, root)
        mount("-o", "remount,bind,ro", root)
        if data is not None:
            mount("--bind", data, root / "var/lib/rollcall")
        for inside, outside in (mounts or {}).items():
            mount("--bind", outside, root / inside.strip("/"))
        command = [*image.config["Entrypoint"], *(arguments or image.config["Cmd"])]
        user = f"--userspec={image.config['User']}"
        with self.stdout_path.open("wb") as stdout, self.stderr_path.open("wb") as stderr:
            self.process = subprocess.Popen(
                ["setpriv", "--no-new-privs", "chroot", user, "--groups=", root, *command],
                env=image.environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )


def volume(folder: Path, user: str) -> Path:
    """A folder that belongs to the image's user, as a volume that an engine makes."""
    folder.mkdir()
    os.chown(folder, *map(int, user.split(":")))
    return folder
