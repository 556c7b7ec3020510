"""The result as people read it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TextIO

from machine import QUIET
from workloads import Measurement


@dataclass
class Figure:
    """One number that is no rate."""

    name: str
    value: float
    unit: str

    def as_json(self) -> dict:
        return asdict(self)


def progress(measurement: Measurement) -> None:
    print(f"  {measurement.name}: {measurement.per_s:,.0f}/s", flush=True)


def table(measurements: list[Measurement], figures: list[Figure], before: dict) -> None:
    """Prints every line, how its CPU time has changed since the last run, and what it is of its ceiling."""
    by_name = {measurement.name: measurement for measurement in measurements}
    cpu_before = {line["name"]: line["cpu_us"] for line in before.get("measurements", [])}
    head = ("conn", "per second", "p50 ms", "p99 ms", "CPU µs", "database", "since last", "of ceiling", "CPU of it")
    widths = (5, 12, 10, 10, 9, 9, 12, 12, 11)
    print("\n" + " " * 36 + "".join(f"{each:>{width}}" for each, width in zip(head, widths, strict=True)))
    group = None
    for line in measurements:
        if line.group != group:
            group = line.group
            print(group)
        mark = "~" if line.disturbed else " "
        database = f"{line.database_us:.1f}" if line.database_us else ""
        print(
            f"{mark} {line.what:<34}{line.connections:>5}{line.per_s:>12,.0f}{line.p50_ms:>10.3f}{line.p99_ms:>10.3f}"
            f"{line.cpu_us:>9.1f}{database:>9}{change(line, cpu_before):>12}{share(line, by_name):>23}  {line.ceiling}"
        )
    if any(line.disturbed for line in measurements):
        print(f"~ others used more than {QUIET} of a core meanwhile")
    values_before = {figure["name"]: figure["value"] for figure in before.get("figures", [])}
    print()
    for figure in figures:
        was = values_before.get(figure.name)
        since = f"  ({figure.value - was:+.1f})" if was is not None else ""
        print(f"{figure.name:<80}{figure.value:>8.2f} {figure.unit}{since}")


def figures(group: str, found: Iterable[Figure], file: TextIO) -> None:
    """Prints figures as they are found, and keeps them in a file."""
    for figure in found:
        line = f"{f'{group} · {figure.name}':<80}{figure.value:>10.2f} {figure.unit}"
        print(line, flush=True)
        print(line, file=file, flush=True)


def change(line: Measurement, cpu_before: dict[str, float]) -> str:
    was = cpu_before.get(line.name)
    return f"{(line.cpu_us / was - 1) * 100:+.0f} %" if was else ""


def share(line: Measurement, by_name: dict[str, Measurement]) -> str:
    """The rate as a share of the ceiling's, and the CPU time as a multiple of it."""
    ceiling = by_name.get(line.ceiling)
    if ceiling is None:
        return ""
    mark = "~" if line.disturbed or ceiling.disturbed else ""
    # A short measurement may end before the kernel has counted any CPU time.
    multiple = f"{line.cpu_us / ceiling.cpu_us:.1f} ×" if ceiling.cpu_us else ""
    return f"{mark}{line.per_s / ceiling.per_s:.2f}{multiple:>11}"
