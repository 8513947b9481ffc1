"""The durable queue of reports: one SQLite file."""

from __future__ import annotations
