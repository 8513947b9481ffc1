"""The HTTP side: the listener, the endpoints, and what a request gives."""

from __future__ import annotations
