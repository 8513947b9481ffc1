"""The background clean-up: inactive profiles and everything whose retention is over (P1-P8).

A pass lists what is due and deletes it in chunks, as long as it is as it was found: a heartbeat or a registration that
comes in between wins (P4). A chunk in which that happened goes through the write queue and is decided there again.
"""

from profile_grpc.reaper.dry_run import DryRun
from profile_grpc.reaper.holds import Held
from profile_grpc.reaper.passes import LEASE, PassReport, Reaper

__all__ = ["LEASE", "DryRun", "Held", "PassReport", "Reaper"]
