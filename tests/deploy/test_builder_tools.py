"""The builder of the image has the programs that the build scripts of the dependencies call."""

import json
import re
import subprocess
from pathlib import Path

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).resolve().parents[2]

# What the image of Rust has: a C compiler with its tools, and Debian's essential packages.
BASE = {"ar", "as", "bash", "cargo", "cc", "cpp", "diff", "find", "gcc", "grep", "ld", "perl", "sed", "sh", "tar"}
# Programs that build scripts call, with Debian's package of each.
PACKAGES = {
    "autoconf": "autoconf",
    "automake": "automake",
    "bison": "bison",
    "clang": "clang",
    "cmake": "cmake",
    "curl": "curl",
    "flex": "flex",
    "g++": "g++",
    "git": "git",
    "go": "golang",
    "m4": "m4",
    "make": "make",
    "meson": "meson",
    "nasm": "nasm",
    "ninja": "ninja-build",
    "pkg-config": "pkg-config",
    "protoc": "protobuf-compiler",
    "python3": "python3",
    "tclsh": "tcl",
    "wget": "wget",
    "yasm": "yasm",
}
# Crates that build scripts call programs with.
CALLERS = {"autotools": "make", "bindgen": "clang", "cmake": "cmake", "nasm-rs": "nasm"}
# What a build script names and does not call where Rollcall is built.
NOT_CALLED = {
    ("ring", "clang"): "on Windows",
    ("ring", "nasm"): "on Windows",
    ("ring", "git"): "in a clone of its repository",
}


def dependencies() -> list[tuple[dict, set[str]]]:
    """What the binary is built of on Linux: each package, and the crates that its build script uses."""
    told = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    metadata = json.loads(told)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    [binary] = [id for id, package in packages.items() if package["name"] == "rollcall"]
    todo, needed = [binary], {}
    while todo:
        id = todo.pop()
        if id in needed:
            continue
        kinds = {edge["pkg"]: {kind["kind"] for kind in edge["dep_kinds"]} for edge in nodes[id]["deps"]}
        needed[id] = {packages[other]["name"] for other, kind in kinds.items() if "build" in kind}
        todo += [other for other, kind in kinds.items() if kind & {None, "build"}]
    return [(packages[id], used) for id, used in needed.items()]


def build_script(package: dict) -> str:
    """The source of a package's build script."""
    sources = []
    for target in package["targets"]:
        if "custom-build" in target["kind"]:
            main = Path(target["src_path"])
            alone = main.parent == Path(package["manifest_path"]).parent
            sources += [main, *(main.parent / "build").rglob("*.rs")] if alone else main.parent.rglob("*.rs")
    return "\n".join(source.read_text() for source in sources)


def programs(package: dict, used: set[str]) -> set[str]:
    """The programs beyond the base that a package's build script calls, by the names that stand in it."""
    script = build_script(package)
    named = {program for program in PACKAGES if re.search(rf'"{re.escape(program)}"', script)}
    named |= {CALLERS[crate] for crate in used & CALLERS.keys()}
    return {program for program in named if (package["name"], program) not in NOT_CALLED} - BASE


def test_the_builder_has_what_build_scripts_call():
    instructions = DockerfileParser(path=str(ROOT / "deploy/Dockerfile"), cache_content=True).structure
    runs = " ".join(one["value"] for one in instructions if one["instruction"] == "RUN")
    installed = {
        word for line in re.findall(r"apt-get install ([^&;|]*)", runs) for word in line.split() if word[0] != "-"
    }
    scripts = 0
    for package, used in dependencies():
        scripts += bool(build_script(package))
        for program in programs(package, used):
            assert PACKAGES[program] in installed, f"{package['name']} is built with {program}"
    assert scripts > 10
