"""One history for all engines. A new revision is a file in versions/, whose name begins with it: `r0001_first`."""
