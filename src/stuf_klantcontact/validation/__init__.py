"""Check one document by every layer that needs no database."""
