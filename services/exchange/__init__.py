"""The catalogue as a file that people can take with them and bring back (docs/adr/0008)."""
