"""Delivery: carries reports from the spool to the service, in order for each account."""

from __future__ import annotations
