"""Mirrors an app's profiles in a table of a SQLite file: `python mirror_profiles.py TARGET APP FILE`.

It copies all profiles, then follows the events. Rows and resume token are stored in one transaction: whenever the
program is killed, the next run continues from there.
"""

import sqlite3
import sys
from contextlib import closing, suppress

import appprofile
from appprofile.v1.event_pb2 import EVENT_TYPE_PROFILE_DELETED, Event
from appprofile.v1.profile_pb2 import Profile, ProfileKey
from appprofile.v1.profile_service_pb2 import GetProfileRequest, ListProfilesRequest, WatchProfilesRequest

SCHEMA = """CREATE TABLE IF NOT EXISTS resume (id INTEGER PRIMARY KEY, token TEXT);
CREATE TABLE IF NOT EXISTS profile (user_id TEXT, device_id TEXT, version INTEGER, status INTEGER, user_state INTEGER,
    push_permission INTEGER, customer_id TEXT, PRIMARY KEY (user_id, device_id))"""


def mirror(client: appprofile.Client, app_id: str, db: sqlite3.Connection) -> None:
    db.executescript(SCHEMA)
    [token] = db.execute("SELECT max(token) FROM resume").fetchone()
    while True:
        request = WatchProfilesRequest(app_ids=[app_id], resume_token=token or copy(client, app_id, db))
        token = None  # the stream ends only if events were missed: then everything is copied again
        with suppress(appprofile.ResumeTokenExpiredError), client.watch_profiles(request) as stream:
            for message in stream:
                if any(e.type == EVENT_TYPE_PROFILE_DELETED and not e.device_id for e in message.events):
                    break  # a person was erased, so the event does not say whose profile it was
                with db:
                    for event in message.events:
                        if event.device_id:  # other events are not of a profile
                            apply(client, event, db)
                    db.execute("REPLACE INTO resume VALUES (1, ?)", [message.resume_token])


def copy(client: appprofile.Client, app_id: str, db: sqlite3.Connection) -> str:
    """Returns a token from before the first read: every later change comes as an event."""
    with client.watch_profiles(WatchProfilesRequest(app_ids=[app_id], from_now=True)) as stream:
        token = next(stream).resume_token
    request = ListProfilesRequest(app_id=app_id, page_size=1000)
    with db:
        db.execute("DELETE FROM profile")
        while True:
            page = client.profiles.ListProfiles(request)
            for profile in page.profiles:
                store(profile, db)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        db.execute("REPLACE INTO resume VALUES (1, ?)", [token])
    return token


def apply(client: appprofile.Client, event: Event, db: sqlite3.Connection) -> None:
    ids = (event.user_id, event.device_id)
    [version] = db.execute("SELECT max(version) FROM profile WHERE (user_id, device_id) = (?, ?)", ids).fetchone()
    if version and 0 < event.version <= version:
        return  # the row was read after this event
    db.execute("DELETE FROM profile WHERE (user_id, device_id) = (?, ?)", ids)
    if event.type != EVENT_TYPE_PROFILE_DELETED:
        key = ProfileKey(app_id=event.app_id, user_id=event.user_id, device_id=event.device_id)
        try:
            store(client.profiles.GetProfile(GetProfileRequest(key=key)).profile, db)
        except appprofile.ApiError as error:
            if error.reason != "PROFILE_NOT_FOUND":  # it was deleted since
                raise


def store(p: Profile, db: sqlite3.Connection) -> None:
    """Only what leaves an event when it changes: heartbeats and attributes leave none."""
    row = (p.key.user_id, p.key.device_id, p.version, p.status, p.user_state, p.push_permission, p.customer_id)
    db.execute("INSERT INTO profile VALUES (?, ?, ?, ?, ?, ?, ?)", row)


if __name__ == "__main__":
    target, app_id, file = sys.argv[1:]
    with closing(sqlite3.connect(file)) as database, appprofile.connect(target, plaintext=True) as client:
        mirror(client, app_id, database)
