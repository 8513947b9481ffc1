"""What happens to events after their commit: positions, WatchProfiles and webhooks (E). See docs/adr/0050."""
