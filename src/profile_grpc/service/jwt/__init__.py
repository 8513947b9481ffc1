"""JWT authorization: an app's keys, the check of each call of a device, and what the checks found (J)."""
