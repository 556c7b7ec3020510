"""Whether a dashboard is what Grafana reads: its own types, of the foundation SDK, read it and write it again."""

import enum
import types
import typing

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()
SCALARS = {str: (str,), bool: (bool,), int: (int,), float: (int, float), object: (object,)}


def misfits(dashboard: dict) -> list[str]:
    """The places of a dashboard that Grafana's types do not have, or have otherwise."""
    read = Dashboard.from_json(dashboard)
    return [*lost(dashboard, as_json(read), ""), *mistyped(read, Dashboard, "")]


def as_json(value: typing.Any) -> typing.Any:
    """What the types write, as plain values."""
    encoder = JSONEncoder()
    match value:
        case dict():
            return {key: as_json(one) for key, one in value.items()}
        case list():
            return [as_json(one) for one in value]
        case enum.Enum():
            return value.value
        case None | str() | int() | float():
            return value
    return as_json(encoder.default(value))


def lost(there: typing.Any, kept: typing.Any, place: str) -> list[str]:
    """What was in a value and is not after it was read and written again: the types know no such thing."""
    if isinstance(there, dict) and isinstance(kept, dict):
        found = []
        for key, value in there.items():
            here = f"{place}.{key}"
            found += lost(value, kept[key], here) if key in kept else unless_nothing(value, f"{here} is unknown")
        return found
    if isinstance(there, list) and isinstance(kept, list) and len(there) == len(kept):
        pairs = enumerate(zip(there, kept, strict=True))
        return [one for number, pair in pairs for one in lost(*pair, f"{place}[{number}]")]
    return [] if there == kept else [f"{place} became {kept!r}"]


def unless_nothing(value: typing.Any, complaint: str) -> list[str]:
    """A null is written by leaving it out."""
    return [] if value is None else [complaint]


def mistyped(value: typing.Any, hint: typing.Any, place: str) -> list[str]:
    """Where a value is of another type than its attribute."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return [] if type(None) in arguments else [f"{place} is missing"]
        return min((mistyped(value, one, place) for one in arguments if one is not type(None)), key=len)
    if hint is typing.Any:
        return []
    if origin is typing.Literal:
        return [] if value in arguments else [f"{place} is {value!r}, not one of {arguments}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{place} is no list"]
        return [one for number, item in enumerate(value) for one in mistyped(item, arguments[0], f"{place}[{number}]")]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{place} is no object"]
        return [one for key, item in value.items() for one in mistyped(item, arguments[1], f"{place}.{key}")]
    if hint in SCALARS:
        fits = isinstance(value, SCALARS[hint]) and (hint in (bool, object) or not isinstance(value, bool))
        return [] if fits else [f"{place} is {value!r}, not {hint.__name__}"]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return [] if value in [one.value for one in hint] else [f"{place} is {value!r}, which {hint.__name__} has not"]
    # What is inside of a transformation the types read as it comes.
    return members(hint.from_json(value) if isinstance(value, dict) else value, place)


def members(value: typing.Any, place: str) -> list[str]:
    """The attributes of a value of one of Grafana's types, whichever of them it is."""
    if not type(value).__module__.startswith("grafana_foundation_sdk"):
        return [f"{place} is {value!r}"]
    hints = typing.get_type_hints(type(value))
    return [one for name, hint in hints.items() for one in mistyped(getattr(value, name), hint, f"{place}.{name}")]
