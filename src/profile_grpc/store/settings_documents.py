"""The JSON document in which an app's settings are stored."""

from __future__ import annotations

from typing import Any

import msgspec

from profile_grpc.domain.settings import AppSettings

# A setting that the document lacks gets its default, and unknown members are ignored. So programs of different versions
# can read each other's settings.
_decode = msgspec.json.Decoder(AppSettings).decode
_encode = msgspec.json.Encoder().encode
_decode_any = msgspec.json.Decoder().decode


def read(document: str) -> AppSettings:
    """The settings of a stored document."""
    return _decode(document)


def written(settings: AppSettings, stored: str | None = None) -> str:
    """The document of settings that replace the stored ones.

    A setting that this program does not know was written by a newer one, so it is kept.
    """
    document = _encode(settings)
    if stored is not None:
        known = _decode_any(_encode(_decode(stored)))
        document = _encode(_with_unknown(_decode_any(document), _decode_any(stored), known))
    return document.decode()


def _with_unknown(value: Any, stored: Any, known: Any) -> Any:  # noqa: ANN401 - any JSON
    """The value, together with the unknown parts of the stored value.

    Unknown members of a record are kept by name. A record in a list is kept completely if its known part is unchanged.
    """
    match value, stored, known:
        case dict(), dict(), dict():
            unknown = {name: member for name, member in stored.items() if name not in known}
            return {n: _with_unknown(v, stored.get(n), known.get(n)) for n, v in value.items()} | unknown
        case list(), list(), list() if len(stored) == len(known):
            return [stored[known.index(item)] if item in known else item for item in value]
        case _:
            return value
