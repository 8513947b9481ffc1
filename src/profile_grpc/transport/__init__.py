"""The only places that know the wire."""
