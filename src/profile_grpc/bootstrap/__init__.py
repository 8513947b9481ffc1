"""Wires the concrete classes together: for the server, its workers, and the administration commands."""

import os

# By default, gRPC's C library writes a line to stderr for every broken handshake. It reads this variable when it is
# loaded.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
