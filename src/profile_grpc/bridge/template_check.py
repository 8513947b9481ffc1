"""What a report template of the app's owner leads to, before any app is configured with it (`app bridge-check`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from profile_grpc.bridge.http import parameters as params
from profile_grpc.bridge.http.parameters import TooLarge, Unreadable
from profile_grpc.bridge.report import Kind
from profile_grpc.bridge.templates import Fields, Template

_PLACEHOLDER = re.compile(r"%([A-Za-z][A-Za-z0-9_]*(?:\[[^\]%]*\])?)%")
FORM = "application/x-www-form-urlencoded"
_REMOVAL_KEYS = ("reportAccountRemovalUrl", "reportAccountRemovalPostData", "reportAccountRemovalContentType")
_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class Checked:
    """What a template leads to."""

    kind: Kind | None
    """None: the URL is no endpoint of the bridge."""
    app_id: str
    """The app that the path names; empty: it is found by the push app id."""
    placeholders: Mapping[str, str]
    """Each placeholder and the parameter it becomes; empty: none reads it."""
    problems: Sequence[str]
    """What keeps the reports from working."""
    xml: str
    """The Account XML keys, ready to paste. Of token reports their values only, each on a line: the reporter's
    documentation, on which this rests, names the keys of removals and no others."""


def check(
    template: Template, url: str, post_data: str = "", content_type: str = "", push_app_ids: Sequence[str] = ()
) -> Checked:
    """Reads the templates as the bridge would read a request made of them."""
    marks = {name: f"x{number}placeholder" for number, name in enumerate(_names(url + post_data))}
    filled_url, filled_data = _filled(url, marks), _filled(post_data, marks)
    parts = urlsplit(filled_url)
    found = params.route(parts.path)
    xml = _xml(found.kind if found else Kind.REMOVAL, url, post_data, content_type)
    if found is None:
        problem = (
            f"the path must begin with /removeToken/ or /reportToken/, or /APP/ before it, not {parts.path or '/'}"
        )
        return Checked(None, "", dict.fromkeys(marks, ""), [problem], xml)
    headers = {b"content-type": (content_type or FORM).encode()}
    try:
        sent = params.read(found, parts.query, filled_data.encode(), headers, _LIMIT)
    except (Unreadable, TooLarge):
        problem = "the post data is neither a form (name=value&…) nor a JSON object"
        return Checked(found.kind, found.app_id, dict.fromkeys(marks, ""), [problem], xml)
    fields, secret = template.read(sent)
    places = {value: name for name, value in _values(fields, secret) if value}
    placeholders = {name: places.get(mark, "") for name, mark in marks.items()}
    problems = _problems(parts.scheme, found.kind, found.app_id, fields, secret, push_app_ids)
    return Checked(found.kind, found.app_id, placeholders, problems, xml)


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def _filled(text: str, marks: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: marks[match[1]], text)


def _values(fields: Fields, secret: str) -> list[tuple[str, str]]:
    return [*((name, getattr(fields, name)) for name in Fields.__struct_fields__), ("secret", secret)]


def _problems(
    scheme: str, kind: Kind, app_id: str, fields: Fields, secret: str, push_app_ids: Sequence[str]
) -> list[str]:
    problems = []
    if scheme != "https":
        problems.append("the URL is not https: tokens and the key would travel readable")
    if not secret:
        problems.append("no key: add key=… with a key of kind bridge of this app (x-api-key or HTTP Basic also do)")
    if kind is Kind.REMOVAL and not (fields.username or fields.selector):
        problems.append("no account: give the username or the selector")
    if kind is Kind.TOKEN and not fields.username:
        problems.append("no account: a token report needs the username")
    if kind is Kind.TOKEN and not (fields.device_id or fields.selector):
        problems.append("no device: a token report needs the device id or the selector")
    if not (fields.token_calls or fields.token_msgs):
        problems.append("no push token: give token_msgs or token_calls")
    named = fields.appid_calls or fields.appid_msgs
    if not named and not app_id:
        problems.append("the app cannot be found: name it in the path (/APP/removeToken/), or give a push app id")
    if (kind is Kind.TOKEN or not app_id) and named and not push_app_ids:
        problems.append("the app lists no push app ids: set push_app_ids")
    return problems


def _xml(kind: Kind, url: str, post_data: str, content_type: str) -> str:
    values = (url, post_data, content_type)
    if kind is Kind.TOKEN:
        return "\n".join(escape(value) for value in values if value)
    named = zip(_REMOVAL_KEYS, values, strict=True)
    return "\n".join(f"<{name}>{escape(value)}</{name}>" for name, value in named if value)
