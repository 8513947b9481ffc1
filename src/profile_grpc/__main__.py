"""`python -m profile_grpc` is `profile-grpc`."""

import sys

from profile_grpc.cli import main

if __name__ == "__main__":
    sys.exit(main())
