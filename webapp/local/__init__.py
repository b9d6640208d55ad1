"""The local set-up: embedded PostgreSQL and Redis, and the supervisor behind `make run`."""
