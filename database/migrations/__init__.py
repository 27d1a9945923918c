"""Changes of the stored shape, numbered; each is applied once per database (docs/decisions/0009-migrations.md)."""
