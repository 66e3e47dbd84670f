"""`gfozaken` (in), `zkn0310` (zaken in), `zkn0320` (out and in); pure functions.

The only place where an XML or JSON name meets a field. docs/mapping.md has every field.
"""
