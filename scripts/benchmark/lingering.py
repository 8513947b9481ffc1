"""The service with another linger: `python -m scripts.benchmark.lingering MILLISECONDS serve …`, one worker only."""

from __future__ import annotations

import sys
from functools import partial

from profile_grpc.bootstrap import composition
from profile_grpc.cli import main
from profile_grpc.service.write_queue import QueueLimits, WriteQueue

if __name__ == "__main__":
    linger = float(sys.argv.pop(1)) / 1000
    composition.WriteQueue = partial(WriteQueue, limits=QueueLimits(linger=linger))  # type: ignore[attr-defined,assignment]
    main()
