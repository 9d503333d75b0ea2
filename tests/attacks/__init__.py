"""Attacks on a server as it is run in production: what each is answered, what it costs, and that nobody else notices."""
