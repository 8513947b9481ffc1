"""What becomes of events after they are written: their order, and who is told of them (E)."""
