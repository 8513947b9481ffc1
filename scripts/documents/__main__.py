"""Writes the generated parts of docs/, or with --check says which are out of date."""

from __future__ import annotations

import sys

from scripts.documents import metrics, options, reasons


def main() -> int:
    """Returns the exit status."""
    before = options.PAGE.read_text()
    after = options.page(before)
    faults = list(reasons.faults())
    if "--check" not in sys.argv:
        options.PAGE.write_text(after)
        metrics.PAGE.write_text(metrics.page())
    else:
        if before != after:
            faults.append("docs/operations/configure.md is not what the program's options give; run scripts/site")
        if metrics.PAGE.read_text() != metrics.page():
            faults.append("docs/metrics.md is not what the program exports; run scripts/site")
    for fault in faults:
        print(f"documents: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
