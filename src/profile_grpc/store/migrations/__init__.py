"""One history for all engines. A new revision is a file in versions/ and a name in `schema.REVISIONS`."""
