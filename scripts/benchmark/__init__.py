"""Measures the service beside an empty RPC of the same stack: scripts/bench."""
