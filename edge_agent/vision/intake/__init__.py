"""How packets come in: many connections read by one thread, what waits to be analysed."""
