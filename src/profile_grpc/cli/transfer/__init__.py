"""`profile-grpc import` and `export`: files of records, and where they go to or come from (I1-I4)."""
