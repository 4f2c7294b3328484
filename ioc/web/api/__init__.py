"""The JSON interface under `/api`; every object is authorised by its area, pictures included."""
