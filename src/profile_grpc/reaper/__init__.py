"""The background clean-up: inactive profiles and everything whose retention is over (P1-P8).

A pass lists the profiles that are due and deletes them in chunks, if they have not changed since: a concurrent
heartbeat or registration wins (P4). A chunk with a changed profile goes through the write queue and is decided there
again.
"""

from profile_grpc.reaper.dry_run import DryRun
from profile_grpc.reaper.holds import HeldApp
from profile_grpc.reaper.passes import LEASE, PassReport, Reaper

__all__ = ["LEASE", "DryRun", "HeldApp", "PassReport", "Reaper"]
