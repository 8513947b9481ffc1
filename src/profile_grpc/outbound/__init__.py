"""HTTP requests to addresses that somebody outside has named: resolved, checked and bounded here."""
