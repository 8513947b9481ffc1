"""The owner's names for a report's parameters, and what a request gives under them (X2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import NamedTuple

import msgspec

from profile_grpc.bridge.http.parameters import Parameters, Sent, Source, Value, absent, token_of
from profile_grpc.bridge.patterns import Patterns
from profile_grpc.domain.settings import BridgeParameters

TOKENS = frozenset({"token_calls", "token_msgs"})
NAMES = tuple(field.name for field in fields(BridgeParameters))
"""The parameters of a report, as the app's settings name them."""
_DEFAULTS = BridgeParameters()
_KEPT_SHAPES = 256


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
    """A path segment that holds a parameter; with `rest` all that follow belong to it, as base64 may hold slashes."""

    number: int
    rest: bool


class _Reader(NamedTuple):
    """Where one parameter is looked for: names first, then path segments."""

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
    """An app's names, ready to read requests with.

    A name that the owner gives to one parameter is taken away from the defaults of the others.
    """

    def __init__(self, names: Mapping[str, Sequence[str]] | None = None) -> None:
        """`names` by parameter; what it lacks has its default."""
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
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._patterns = Patterns([self._readers[name].names for name in (*Fields.__struct_fields__, "secret")])

    def read(self, sent: Sent) -> tuple[Fields, str]:
        """The report's values, and the app's key (or an empty text)."""
        query = sent.query
        if query:
            values = self._patterns.read(query)
            if values is not None:
                return _read_query(values)
            self._patterns.learn(query)
        return self.fields(sent.parameters), self.secret(sent.parameters)

    def fields(self, parameters: Parameters) -> Fields:
        """The report's values. Where a token was encoded several times, so were its neighbours."""
        if not parameters.body and not parameters.segments:
            return self._fields_of_query(parameters.query)
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

    def _fields_of_query(self, query: Mapping[str, str]) -> Fields:
        """The same where there is a query only, as in most reports: in a fraction of the time.

        Apps fill in one template again and again, so which name is which parameter is found once for each set of names.
        """
        shape = tuple(query)
        names = self._shapes.get(shape)
        if names is None:
            names = self._learn(shape)
        values = [query[name] if name else "" for name in names]
        return _decoded(values, [place for place, raw in enumerate(values) if _odd(raw)])

    def _learn(self, shape: tuple[str, ...]) -> tuple[str, ...]:
        """The name that gives each field, among the names of a query; empty: none does."""
        found = tuple(
            next((name for name in self._readers[field].names if name in shape), "")
            for field in Fields.__struct_fields__
        )
        if len(self._shapes) >= _KEPT_SHAPES:
            self._shapes.clear()
        self._shapes[shape] = found
        return found

    def secret(self, parameters: Parameters) -> str:
        """The app's key, or an empty text."""
        if not parameters.body:
            for name in self._readers["secret"].names:
                if (raw := parameters.query.get(name)) is not None:
                    return Value(raw, Source.FORM).text() if _odd(raw) else raw
        return self._readers["secret"].text(parameters)


_TOKEN_PLACES = frozenset(Fields.__struct_fields__.index(name) for name in ("selector", *TOKENS))
"""The fields that are read as tokens are: neither holds a space or a percent sign."""


def _read_query(values: Sequence[str]) -> tuple[Fields, str]:
    """Fields and key of the values of a query in ASCII. Empty ones and unreplaced placeholders are still among them."""
    *raws, secret = values
    odd = []
    for place, raw in enumerate(raws):
        if "%" in raw or "+" in raw:
            if raw[0] == "%" and absent(raw):
                raws[place] = ""
            else:
                odd.append(place)
    if "%" in secret or "+" in secret:
        secret = "" if absent(secret) else Value(secret, Source.FORM).text()
    return _decoded(raws, odd), secret


def _decoded(values: list[str], odd: Sequence[int]) -> Fields:
    """The fields of raw values, of which those at the places `odd` are something else than themselves."""
    further = 0
    for place in odd:
        if place in _TOKEN_PLACES:
            values[place], more = token_of(values[place])
            further = further or more
    for place in odd:
        if place not in _TOKEN_PLACES:
            values[place] = Value(values[place], Source.FORM).text(further)
    return Fields(*values)


def _odd(raw: str) -> bool:
    """Whether a value of a query or form is anything else than itself."""
    return "%" in raw or "+" in raw or not raw.isascii()


def _places(names: Sequence[str]) -> list[int]:
    return [int(name[1:]) for name in names if name.startswith("/")]


DEFAULT = Template()
"""The names of the reporter's documentation."""
