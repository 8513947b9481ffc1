"""Wires the concrete classes together: for the server, its workers, and the administration commands."""

import os

# gRPC's C library writes lines of its own to stderr, one for every broken handshake; ours tell what matters. It reads
# this when it is loaded.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
