"""Push credentials: checked, stored encrypted, listed and deleted (K)."""
