"""The apps that the service knows: their names for parameters and their push app ids, as last read (X2, X5)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from appprofile.v1 import app_pb2
from profile_grpc.bridge.report import PushAppUse
from profile_grpc.bridge.templates import DEFAULT, NAMES, Fields, Template
from profile_grpc.bridge.values import Parameters

Reading = tuple[Fields | None, str]
"""A report's values, and its key or an empty string."""
_RENEWED_WITHIN = 2.5
"""Seconds that a request may wait for the apps to be read again."""


class KnownApp(msgspec.Struct, frozen=True):
    """The data of an app that the bridge needs."""

    app_id: str
    push_apps: dict[str, PushAppUse]
    names: dict[str, list[str]]


def known_app(app: app_pb2.App) -> KnownApp:
    """The app from the service's message, which contains every effective setting."""
    settings = app.settings
    return KnownApp(
        app.app_id,
        {p.push_app_id: PushAppUse(p.provider, p.platform, p.purpose) for p in settings.push_app_ids},
        {name: list(getattr(settings.bridge_parameters, name)) for name in NAMES},
    )


class KnownApps:
    """The apps as last read."""

    def __init__(self) -> None:
        self.fetched = 0
        """When they were last read from the service by this process, in microseconds since 1970; 0: not yet."""
        self.begun = 0
        """How many refreshes this process has started."""
        self.answered = 0
        """The number of the last refresh that the service answered, even if it refused it."""
        self.expected = False
        """Whether the bridge has keys to read the apps with: reports that need an unknown app then wait."""
        self.wanted: Callable[[], None] = lambda: None
        """Requests a refresh of the apps soon."""
        self._ended = asyncio.Event()
        """Set when a refresh has ended, and then replaced by a new event."""
        self._apps: Mapping[str, KnownApp] = {}
        self._templates: Mapping[str, Template] = {}
        self._groups: list[tuple[Template, Mapping[str, Sequence[str]]]] = []
        """Apps with the same parameter names: their template, and the apps to which a push app id may belong."""

    @contextmanager
    def reading(self) -> Iterator[int]:
        """Counts a refresh; returns its number."""
        self.begun += 1
        try:
            yield self.begun
        finally:
            self._ended.set()
            self._ended = asyncio.Event()

    async def renewed(self) -> bool:
        """Requests a refresh and waits briefly for it; False: the apps cannot be read."""
        if not self.expected:
            return False
        number = self.begun + 1
        self.wanted()
        try:
            async with asyncio.timeout(_RENEWED_WITHIN):
                while self.answered < number:
                    await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def update(self, apps: Iterable[KnownApp]) -> None:
        self._apps = {app.app_id: app for app in apps}
        by_names: defaultdict[bytes, list[KnownApp]] = defaultdict(list)
        for app in self._apps.values():
            by_names[msgspec.json.encode(app.names)].append(app)
        templates = {}
        self._groups = []
        for members in by_names.values():
            template = Template(members[0].names)
            by_push_app: defaultdict[str, list[str]] = defaultdict(list)
            for app in members:
                templates[app.app_id] = template
                for push_app_id in app.push_apps:
                    by_push_app[push_app_id].append(app.app_id)
            self._groups.append((template, dict(by_push_app)))
        self._templates = templates

    def kept(self, apps: Iterable[KnownApp]) -> list[KnownApp]:
        """Earlier apps that are missing now: their key no longer reads them."""
        read = {app.app_id for app in apps}
        return [app for app in self._apps.values() if app.app_id not in read]

    def dump(self) -> bytes:
        """The apps in the form for `load`."""
        return msgspec.json.encode(list(self._apps.values()))

    def load(self, content: bytes) -> None:
        """Loads the apps of an earlier `dump`. An unreadable dump is ignored."""
        try:
            self.update(msgspec.json.decode(content, type=list[KnownApp]))
        except msgspec.DecodeError:
            return

    def knows(self, app_id: str) -> bool:
        return app_id in self._apps

    def find(self, parameters: Parameters) -> dict[str, Reading]:
        """The apps to which a report may belong, by its push app ids, with its values by each app's names."""
        found: dict[str, Reading] = {}
        for template, by_push_app in self._groups:
            reading = fields, _ = template.read(parameters)
            for push_app_id in (fields.appid_calls, fields.appid_msgs):
                for app_id in by_push_app.get(push_app_id, ()):
                    found[app_id] = reading
        return found

    def read(self, app_id: str, parameters: Parameters) -> Reading:
        """A report's values by the app's names, or by the documented names if the app is not known.

        In the latter case there are no values if the bridge has a key to read apps, because the app's names may differ.
        """
        template = self._templates.get(app_id)
        if template is not None:
            return template.read(parameters)
        fields, secret = DEFAULT.read(parameters)
        return (None if self.expected else fields), secret

    def template_or_default(self, app_id: str) -> Template:
        """The app's names, or those of the reporter's documentation."""
        return self._templates.get(app_id, DEFAULT)

    def push_apps(self, app_id: str) -> Mapping[str, PushAppUse]:
        """The use of the app's push app ids."""
        app = self._apps.get(app_id)
        return app.push_apps if app is not None else {}
