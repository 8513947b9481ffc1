"""The Python example that mirrors profiles in a table misses no change, whatever was killed (E2, E4)."""

import queue
import random
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

import appprofile
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as service_pb
from profile_grpc.service.watching import EventPosition
from tests.clients.server import ServerProcess
from tests.support.limits import wait_s

EXAMPLE = Path(__file__).parent.parent.parent / "clients/python/examples/mirror_profiles.py"
APP = "demo"
WRITERS = 3
KILLS = 6
MORE = 60
EARLY = 25
LARGE = {f"attribute-{number}": "x" * 1024 for number in range(60)}
"""60 KiB, so that EARLY profiles are more than the 1 MiB of a page."""
Row = tuple[str | int, ...]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass
class Mirror:
    """The example's process, which is started and killed, and its file."""

    server: ServerProcess
    file: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-W", "error", str(EXAMPLE), self.server.target, APP, str(self.file)]
        self.process = subprocess.Popen(command, start_new_session=True)

    def kill(self) -> None:
        """Like `kill -9`."""
        assert self.process is not None
        assert self.process.poll() is None, "the example ended by itself"
        self.process.kill()
        self.process.wait(wait_s())

    def token(self) -> str:
        """The resume token that is stored; empty: none yet."""
        if not self.read("SELECT 1 FROM sqlite_master WHERE name = 'profile'"):
            return ""
        return str(self.read("SELECT coalesce(max(token), '') FROM resume")[0][0])

    def rows(self) -> list[Row]:
        return self.read("SELECT * FROM profile ORDER BY user_id, device_id") if self.token() else []

    def read(self, query: str) -> list[Row]:
        with closing(sqlite3.connect(self.file, timeout=wait_s())) as database:
            return database.execute(query).fetchall()

    def change(self, statement: str, *values: str) -> None:
        """Only while no process runs."""
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(statement, values)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until the condition is true, while the example runs."""
        limit = time.monotonic() + wait_s()
        while not condition():
            assert self.process is not None
            assert self.process.poll() is None, "the example ended by itself"
            assert time.monotonic() < limit, self.rows()
            time.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), dev=True) as running:
        yield running


@pytest.fixture
def mirror(server: ServerProcess, tmp_path: Path) -> Iterator[Mirror]:
    made = Mirror(server, tmp_path / "mirror.db")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[appprofile.Client]:
    with appprofile.connect(server.target, plaintext=True, deadline=wait_s()) as made:
        yield made


def test_E4_the_mirror_is_exact_after_kills_of_it_and_of_the_server(mirror: Mirror, client: appprofile.Client) -> None:
    """Its rows are those of the service, whenever either was killed."""
    for number in range(EARLY):
        register(client, f"early-{number}", f"phone-{number}", LARGE)
    page = client.profiles.ListProfiles(service_pb.ListProfilesRequest(app_id=APP, page_size=1000))
    assert page.next_page_token, "the copy reads more than one page"
    with writing(client) as write_more:
        for kill in range(KILLS):
            before = mirror.token()
            mirror.start()
            mirror.wait(lambda: mirror.token() != before)  # noqa: B023 - called at once
            mirror.kill()
            if kill == KILLS // 2:
                mirror.server.kill()
            write_more()  # the next run begins with a message of many events
        mirror.start()
    mirror.wait(lambda: mirror.rows() == listed(client))
    assert len(mirror.rows()) > EARLY


def test_E4_after_an_expired_token_the_mirror_is_copied_again(mirror: Mirror, client: appprofile.Client) -> None:
    """It missed events, so it cannot go on from its token."""
    register(client, "ann", "ann's")
    mirror.start()
    mirror.wait(lambda: mirror.rows() == listed(client))
    mirror.kill()
    # Of a history that this database does not have. What happened meanwhile cannot be read as events.
    mirror.change("UPDATE resume SET token = ?", EventPosition(secrets.token_hex(8), 1).token)
    mirror.change("DELETE FROM profile WHERE user_id = 'ann'")
    mirror.change("INSERT INTO profile VALUES ('gone', 'phone', 1, 1, 1, 0, '')")
    mirror.start()
    mirror.wait(lambda: mirror.rows() == listed(client))
    register(client, "bob", "bob's")
    mirror.wait(lambda: mirror.rows() == listed(client))


@pytest.mark.parametrize("announce", [True, False])
def test_C8_the_profiles_of_an_erased_person_are_removed_from_the_mirror(
    mirror: Mirror, client: appprofile.Client, announce: bool
) -> None:
    """Whether the mirror runs or not: no event that it reads afterwards names them."""
    for number in range(3):
        register(client, "erased", f"phone-{number}")
    mirror.start()
    mirror.wait(lambda: mirror.rows() == listed(client))
    mirror.kill()
    client.profiles.EraseUser(service_pb.EraseUserRequest(app_id=APP, user_id="erased", announce=announce))
    assert "erased" in {row[0] for row in mirror.rows()}
    mirror.start()
    mirror.wait(lambda: mirror.rows() == listed(client))


def register(client: appprofile.Client, user: str, device: str, attributes: Mapping[str, str] | None = None) -> None:
    client.profiles.Register(
        service_pb.RegisterRequest(key=key(user, device), platform=pb.PLATFORM_ANDROID, custom_attributes=attributes)
    )


def key(user: str, device: str) -> pb.ProfileKey:
    return pb.ProfileKey(app_id=APP, user_id=user, device_id=device)


def listed(client: appprofile.Client) -> list[Row]:
    """Every profile, as a row of the mirror."""
    profiles: list[pb.Profile] = []
    request = service_pb.ListProfilesRequest(app_id=APP, page_size=1000)
    while True:
        page = client.profiles.ListProfiles(request)
        profiles += page.profiles
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    return [
        (p.key.user_id, p.key.device_id, p.version, p.status, p.user_state, p.push_permission, p.customer_id)
        for p in profiles
    ]


@contextmanager
def writing(client: appprofile.Client) -> Iterator[Callable[[], None]]:
    """Writers change profiles meanwhile. Gives a function that returns when they have made MORE changes."""
    ended = threading.Event()
    made: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    """For each change None, or why a writer has failed."""

    def write(writer: int) -> None:
        chance = random.Random(writer)
        try:
            while not ended.is_set():
                with passing_interruptions():
                    change(client, chance, f"phone-{writer}-{chance.randrange(8)}")
                    made.put(None)
        except BaseException as error:  # noqa: BLE001 - raised by the test's thread
            made.put(error)

    def write_more() -> None:
        for _ in range(made.qsize() + MORE):
            if failure := made.get(timeout=wait_s()):
                raise failure

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield write_more
    finally:
        ended.set()
        for thread in threads:
            thread.join(wait_s())


@contextmanager
def passing_interruptions() -> Iterator[None]:
    """A call fails if the server is killed while it answers. The change was made or not."""
    try:
        yield
    except appprofile.ApiError as error:
        if error.code is not grpc.StatusCode.UNAVAILABLE:
            raise


def change(client: appprofile.Client, chance: random.Random, device: str) -> None:
    """Changes a profile of the device in a way that leaves an event, if the profile is there."""
    profile = key(f"user-{chance.randrange(3)}", device)
    register(client, profile.user_id, device)
    kind = chance.randrange(4)
    if kind == 0:
        client.profiles.Unregister(service_pb.UnregisterRequest(key=profile, allow_missing=True))
    elif kind == 1:
        client.profiles.DeleteDeviceProfile(
            service_pb.DeleteDeviceProfileRequest(
                app_id=APP, user_id=profile.user_id, device_id=device, allow_missing=True
            )
        )
    elif kind == 2:
        patch = pb.Profile(
            key=profile,
            push_permission=chance.choice([pb.PUSH_PERMISSION_GRANTED, pb.PUSH_PERMISSION_DENIED]),
            customer_id=chance.choice(["", "customer-1", "customer-2"]),
        )
        client.profiles.UpdateProfileData(service_pb.UpdateProfileDataRequest(profile=patch))
