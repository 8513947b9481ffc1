"""What a report template of the app's owner leads to, before any app is configured with it (`app bridge-check`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import msgspec

from profile_grpc.bridge.http import parameters as params
from profile_grpc.bridge.http.parameters import Route, TooLarge, Unreadable
from profile_grpc.bridge.report import Kind, tokens
from profile_grpc.bridge.templates import Fields, Template
from profile_grpc.domain.settings import AppSettings

_PLACEHOLDER = re.compile(r"%([A-Za-z][A-Za-z0-9_]*(?:\[[^\]%]*\])?)%")
FORM = "application/x-www-form-urlencoded"
_REMOVAL_KEYS = ("reportAccountRemovalUrl", "reportAccountRemovalPostData", "reportAccountRemovalContentType")
_LIMIT = 65_536
_EXAMPLES = {
    "account[username]": "johndow",
    "selector": "12869E0E6E553673C54F29105A0647204C416A2A:7C3A0D14",
    "pushToken": "QVBBOTFiRzlhcVd2bW54bllCWldHOWh4dnRrZ3pUWFNvcGZpdWZ6bWM2dFAzS2J",
    "pushTokenOther": "QVBBOTFiRzlhcVd2bW54bllCWldHOWh4dnRrZ3pUWFNvcGZpdWZ6bWM2dFAzS2J",
    "pushTokenIncomingCall": "Udl99X2JFP1bWwS5gR/wGeLE1hmAB2CMpr1Ej0wxkrY=",
    "pushappid": "com.cloudsoftphone.app",
    "pushappid_other": "com.cloudsoftphone.app",
    "pushappid_incoming_call": "com.cloudsoftphone.app.pushkit",
    "installid": "7C3A0D14-12869E0E",
    "account[password]": "password",
    "account[host]": "sip.example.com",
    "account[authUsername]": "johndow",
}
"""The placeholders of the reporter's documentation, and the commonest others of its scopes, each with an example."""
NOTES = ("the key travels as key=…, in the header x-api-key, or by HTTP Basic; Digest authentication is not offered",)


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check."""

    kind: Kind | None
    """None: the URL is not an endpoint of the bridge."""
    app_id: str
    """The app that the path names; empty: it is found by the push app id."""
    placeholders: Mapping[str, str]
    """Each placeholder and its parameter; empty: no parameter uses it."""
    problems: Sequence[str]
    """Errors: the reports do not work."""
    warnings: Sequence[str]
    """Warnings: the reports may not work, or may not do what was intended."""
    request: str
    """A whole request as an app would send it, with examples in place of the placeholders."""
    effect: Sequence[str]
    """The calls that this request would cause, one on each line."""
    xml: str
    """The Account XML keys, ready to paste. For token reports only the values, one on each line: the reporter's
    documentation, which is the source, names only the keys of removals."""


def check(
    template: Template, url: str, post_data: str = "", content_type: str = "", settings: AppSettings | None = None
) -> Checked:
    """Parses the templates like the bridge would parse a request made from them, for an app with these settings."""
    chosen = settings or AppSettings()
    marks = {name: f"x{number}placeholder" for number, name in enumerate(_PLACEHOLDER.findall(url + post_data))}
    parts = urlsplit(_filled(url, marks))
    found = params.route(parts.path)
    xml = _xml(found.kind if found else Kind.REMOVAL, url, post_data, content_type)
    warnings = [warning for name in marks if (warning := _misspelt(name))]
    request = _request(url, post_data, content_type)
    if found is None:
        problem = (
            f"the path must begin with /removeToken/ or /reportToken/, or /APP/ before it, not {parts.path or '/'}"
        )
        return Checked(None, "", dict.fromkeys(marks, ""), [problem], warnings, request, (), xml)
    try:
        fields, secret = _read(template, found, _filled(url, marks), _filled(post_data, marks), content_type)
        example, _ = _read(template, found, *_example(url, post_data), content_type)
    except (Unreadable, TooLarge):
        problem = "the post data is neither a form (name=value&…, or multipart) nor a JSON object"
        return Checked(found.kind, found.app_id, dict.fromkeys(marks, ""), [problem], warnings, request, (), xml)
    read = msgspec.structs.asdict(fields) | {"secret": secret}
    places = {value: name for name, value in read.items() if value}
    placeholders = {name: places.get(mark, "") for name, mark in marks.items()}
    problems = _problems(parts.scheme, found, fields, secret, chosen)
    if found.kind is Kind.TOKEN and not fields.device_id:
        warnings += _without_device(fields, chosen)
    effect = _effect(found, example, chosen)
    return Checked(found.kind, found.app_id, placeholders, problems, warnings, request, effect, xml)


def _read(template: Template, found: Route, url: str, post_data: str, content_type: str) -> tuple[Fields, str]:
    headers = {b"content-type": (content_type or FORM).encode()}
    parts = urlsplit(url)
    # Each set of examples has a path of its own.
    route = params.route(parts.path) or found
    return template.read(params.read(route, parts.query, post_data.encode(), headers, _LIMIT))


def _misspelt(name: str) -> str:
    """A warning about a placeholder that apps do not know, or an empty string."""
    if name in _EXAMPLES:
        return ""
    near = get_close_matches(name.lower(), [known.lower() for known in _EXAMPLES], n=1, cutoff=0.75)
    if near:
        meant = next(known for known in _EXAMPLES if known.lower() == near[0])
        return f"%{name}% is not a known placeholder; did you mean %{meant}%?"
    return (
        f"%{name}% is not a placeholder of the reporter's documentation: an app that does not know it leaves it"
        " unchanged"
    )


def _example(url: str, post_data: str) -> tuple[str, str]:
    filled = _PLACEHOLDER.sub(lambda match: quote(_EXAMPLES.get(match[1], "example"), safe=""), url)
    return filled, _PLACEHOLDER.sub(lambda match: _EXAMPLES.get(match[1], "example"), post_data)


def _request(url: str, post_data: str, content_type: str) -> str:
    filled, body = _example(url, post_data)
    parts = urlsplit(filled)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{'POST' if body else 'GET'} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    if body:
        lines += [f"Content-Type: {content_type or FORM}", f"Content-Length: {len(body.encode())}", "", body]
    return "\n".join(lines)


def _effect(found: Route, fields: Fields, settings: AppSettings) -> list[str]:
    """The effect of the example on the app."""
    held = ", ".join(f"{token} of {push_app_id or 'any push app id'}" for push_app_id, token in tokens(fields))
    app = found.app_id or "the app that lists the push app id"
    account = " and ".join(
        f"{name} {value}"
        for name, value in (("user id", fields.username), ("account selector", fields.selector))
        if value
    )
    if found.kind is Kind.REMOVAL:
        action = settings.account_removal_action.name
        return [
            f"RemoveAccount in {app}: {action} the profile of {account or '(nobody)'} that holds {held or '(no token)'}"
        ]
    device = f"the device {fields.device_id}" if fields.device_id else "a device derived from the token"
    return [
        f"Register in {app}: {account or '(nobody)'} on {device}, with {held or '(no token)'}",
        "Heartbeat of the same profile",
    ]


def _without_device(fields: Fields, settings: AppSettings) -> list[str]:
    found = []
    if not settings.multi_user_per_device:
        found.append(
            "without a device id, accounts of one phone share a device, and each signs the others out:"
            " set multi_user_per_device=true so that all ring"
        )
    if not fields.selector:
        found.append("without a device id and a selector, a phone with a new token leaves its old profile behind")
    return found


def _filled(text: str, marks: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: marks[match[1]], text)


def _problems(scheme: str, found: Route, fields: Fields, secret: str, settings: AppSettings) -> list[str]:
    problems = []
    removal = found.kind is Kind.REMOVAL
    if scheme != "https":
        problems.append("the URL is not https: tokens and the key would travel readable")
    if not secret:
        problems.append("no key: add key=… with a key of kind bridge of this app (x-api-key or HTTP Basic also do)")
    if removal and not (fields.username or fields.selector):
        problems.append("no account: give the username or the selector")
    if not removal and not fields.username:
        problems.append("no account: a token report needs the username")
    if not (fields.token_calls or fields.token_msgs):
        problems.append("no push token: give token_msgs or token_calls")
    named = fields.appid_calls or fields.appid_msgs
    if not named and not found.app_id:
        problems.append("the app cannot be found: name it in the path (/APP/removeToken/), or give a push app id")
    if not named and not removal:
        problems.append("no push app id: a token report needs it to determine the provider")
    if named and not settings.push_app_ids and not (removal and found.app_id):
        problems.append("the app lists no push app ids: set push_app_ids")
    return problems


def _xml(kind: Kind, url: str, post_data: str, content_type: str) -> str:
    values = (url, post_data, content_type)
    if kind is Kind.TOKEN:
        return "\n".join(escape(value) for value in values if value)
    named = zip(_REMOVAL_KEYS, values, strict=True)
    return "\n".join(f"<{name}>{escape(value)}</{name}>" for name, value in named if value)
