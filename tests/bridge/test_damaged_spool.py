"""The bridge starts on a spool that was damaged on disk, and recovers what can be read (X1, X4)."""

import asyncio
from pathlib import Path

import pytest

from profile_grpc.bridge.spool import damage, dead_letters, recovery
from profile_grpc.bridge.spool.schema import SpoolError
from profile_grpc.cli.findings import Verdict, examine_spool
from tests.bridge.conftest import HASH_KEY, Harness
from tests.bridge.fake_service import APP, MESSAGES
from tests.cli.program import run
from tests.support.limits import wait_s

COUNT = 300
NOW = 1_800_000_000_000_000


def removal(user: str) -> str:
    return f"/{APP}/removeToken/?username={user}&token_msgs=token-of-{user}-{'x' * 200}&appid_msgs={MESSAGES}"


async def filled(harness: Harness, count: int = COUNT) -> None:
    """A spool of reports that wait, as a bridge leaves it that was ended."""
    await harness.start()
    await asyncio.gather(*(harness.get(removal(f"user{number}")) for number in range(count)))
    await harness.stop()


def cut(path: Path) -> None:
    """The last quarter is lost."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4 * 3])


def overwrite(path: Path) -> None:
    """Some pages in the middle are another's."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 3 * 2 // 4096 * 4096
    content[middle : middle + 3 * 4096] = b"\xa5" * (3 * 4096)
    path.write_bytes(content)


def lose_head(path: Path) -> None:
    """The first page is zeros: not even SQLite's name is there."""
    content = path.read_bytes()
    path.write_bytes(bytes(4096) + content[4096:])


@pytest.mark.parametrize("spoil", [cut, overwrite, lose_head])
async def test_a_bridge_starts_with_a_new_spool_and_keeps_the_damaged_one(
    harness: Harness, spoil: object, capsys: pytest.CaptureFixture[str]
) -> None:
    await filled(harness)
    assert callable(spoil)
    spoil(harness.spool)
    damaged = harness.spool.read_bytes()
    with pytest.raises(SpoolError, match="is damaged"):
        dead_letters.listed(harness.spool) if spoil is lose_head else _quick(harness.spool)
    await harness.serve()
    await harness.start()
    [aside] = damage.kept_aside(harness.spool)
    assert aside.read_bytes() == damaged
    assert f"bridge spool recover {aside} --spool {harness.spool}" in capsys.readouterr().out
    assert await harness.get(removal("later")) == 200
    await harness.settled()
    assert [call.username for call in harness.service.calls] == ["later"]
    [found] = [each for each in examine_spool(harness.spool, 1 << 30, HASH_KEY, NOW) if "damaged" in each.check]
    assert (found.verdict, str(aside) in found.detail) == (Verdict.MEND, True)


def _quick(path: Path) -> None:
    from profile_grpc.bridge.spool.schema import connect  # noqa: PLC0415 - for one way only

    connect(path).close()


@pytest.mark.parametrize("spoil", [cut, overwrite])
async def test_what_can_be_read_is_delivered_once(harness: Harness, spoil: object) -> None:
    """X4: while the bridge runs, before what was reported later, and each report once."""
    await filled(harness)
    assert callable(spoil)
    spoil(harness.spool)
    await harness.serve()
    bridge = await harness.start()
    [aside] = damage.kept_aside(harness.spool)
    found = await asyncio.to_thread(recovery.recover, aside, harness.spool, HASH_KEY, NOW)
    assert COUNT // 10 < found.reports < COUNT
    async with asyncio.timeout(wait_s()):
        while len(harness.service.calls) < found.reports or bridge._spool.waiting or bridge._spool.dead:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    users = {call.username for call in harness.service.calls}
    assert len(users) == found.reports
    assert users <= {f"user{number}" for number in range(COUNT)}


async def test_the_command_saves_into_the_present_spool(harness: Harness, tmp_path: Path) -> None:
    await filled(harness, 20)
    aside = damage.set_aside(harness.spool)
    changes = {"PROFILE_GRPC_HASH_KEY": HASH_KEY.hex()}
    outcome = await asyncio.to_thread(run, ["bridge", "spool", "recover", str(aside)], changes)
    assert outcome.status == 0, outcome.err
    assert "recovered 20 reports and 0 dead letters" in outcome.out
    assert damage.kept_aside(harness.spool) == []
    await harness.serve()
    await harness.start()
    async with asyncio.timeout(wait_s()):
        while len(harness.service.calls) < 20:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    missing = await asyncio.to_thread(run, ["bridge", "spool", "recover", str(tmp_path / "no")], changes)
    assert missing.status == 2


async def test_a_file_that_is_no_spool_is_not_set_aside(harness: Harness) -> None:
    """Somebody may need it."""
    harness.spool.write_text("a letter")
    with pytest.raises(SpoolError, match="another kind of file"):
        await harness.start()
    assert harness.spool.read_text() == "a letter"
