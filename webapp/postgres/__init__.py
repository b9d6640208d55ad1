"""Django's PostgreSQL, with a connection of the pool looked at instead of asked before a request uses it."""
