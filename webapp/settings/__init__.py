"""Settings by place: local (make run), production, test; every variable is declared in env.py."""
