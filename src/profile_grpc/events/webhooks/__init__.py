"""The delivery of events to webhooks (E6)."""
