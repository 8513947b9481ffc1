"""Events after they are written: their positions, watching them, and webhooks (E). See docs/adr/0050."""
