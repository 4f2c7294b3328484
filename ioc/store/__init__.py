"""The centre's memory: tables, migrations and transactions."""
