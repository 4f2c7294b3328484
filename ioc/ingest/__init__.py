"""Ingest: what gateways send becomes rows and alarms, and only then is acknowledged."""
