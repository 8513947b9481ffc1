"""One reaper pass on the database of the environment, as `reap --confirm` does it; prints what it did as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import time

from profile_grpc.bootstrap.administration import administration
from profile_grpc.config import DatabaseConfig
from scripts.benchmark.workloads import APP


async def _reap() -> dict[str, float]:
    database = DatabaseConfig(
        os.environ["PROFILE_GRPC_DATABASE_URL"], bytes.fromhex(os.environ["PROFILE_GRPC_HASH_KEY"])
    )
    async with administration(database) as admin:
        begun, used = time.perf_counter(), time.process_time()
        report = await admin.reaper.run_pass(APP, confirm=True)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    return {"deleted": report.reaped[APP], "seconds": seconds, "cpu_seconds": cpu}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_reap())))
