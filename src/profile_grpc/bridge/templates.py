"""The owner's names for a report's parameters, and the values of a request under these names (X2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import NamedTuple

import msgspec

from profile_grpc.bridge.values import Parameters, Value
from profile_grpc.domain.settings import BridgeParameters

TOKENS = frozenset({"token_calls", "token_msgs"})
NAMES = tuple(field.name for field in fields(BridgeParameters))
"""The parameters of a report, as the app's settings name them."""
_DEFAULTS = BridgeParameters()


class Fields(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A report's values, decoded. Empty: not given."""

    username: str = ""
    selector: str = ""
    token_calls: str = ""
    appid_calls: str = ""
    token_msgs: str = ""
    appid_msgs: str = ""
    device_id: str = ""


class _Place(NamedTuple):
    """A path segment with a parameter. With `rest`: the rest of the path, because base64 may contain slashes."""

    number: int
    rest: bool


class _Reader(NamedTuple):
    """The places of one parameter: names first, then path segments."""

    names: tuple[str, ...]
    places: tuple[_Place, ...]

    def find(self, parameters: Parameters) -> Value | None:
        for name in self.names:
            if (value := parameters.get(name)) is not None:
                return value
        for place in self.places:
            if (value := parameters.segment(place.number, rest=place.rest)) is not None:
                return value
        return None

    def text(self, parameters: Parameters, further: int = 0) -> str:
        value = self.find(parameters)
        return value.text(further) if value is not None else ""

    def token(self, parameters: Parameters) -> tuple[str, int]:
        value = self.find(parameters)
        return value.token() if value is not None else ("", 0)


class Template:
    """The parameter names of an app, in a form for parsing requests.

    A name that the owner gives to one parameter is removed from the defaults of the others.
    """

    def __init__(self, names: Mapping[str, Sequence[str]] | None = None) -> None:
        """`names` by parameter. A missing parameter has its default."""
        chosen = {name: tuple((names or {}).get(name) or getattr(_DEFAULTS, name)) for name in NAMES}
        given = {name for name in NAMES if chosen[name] != getattr(_DEFAULTS, name)}
        claimed = {each.lower() for name in given for each in chosen[name]}
        effective = {
            name: [each.lower() for each in chosen[name] if name in given or each.lower() not in claimed]
            for name in NAMES
        }
        last = max((place for each in effective.values() for place in _places(each)), default=0)
        self._readers = {
            name: _Reader(
                tuple(each for each in found if not each.startswith("/")),
                tuple(_Place(place, rest=name in TOKENS and place == last) for place in _places(found)),
            )
            for name, found in effective.items()
        }

    def read(self, parameters: Parameters) -> tuple[Fields, str]:
        """The report's values, and the app's key (or an empty string)."""
        return self.fields(parameters), self.secret(parameters)

    def fields(self, parameters: Parameters) -> Fields:
        """The report's values. If a token was encoded several times, the other values were too."""
        readers = self._readers
        selector, more = readers["selector"].token(parameters)
        token_calls, more_calls = readers["token_calls"].token(parameters)
        token_msgs, more_msgs = readers["token_msgs"].token(parameters)
        further = more or more_calls or more_msgs
        return Fields(
            readers["username"].text(parameters, further),
            selector,
            token_calls,
            readers["appid_calls"].text(parameters, further),
            token_msgs,
            readers["appid_msgs"].text(parameters, further),
            readers["device_id"].text(parameters, further),
        )

    def secret(self, parameters: Parameters) -> str:
        """The app's key, or an empty string."""
        return self._readers["secret"].text(parameters)


def _places(names: Sequence[str]) -> list[int]:
    return [int(name[1:]) for name in names if name.startswith("/")]


DEFAULT = Template()
"""The names of the reporter's documentation."""
