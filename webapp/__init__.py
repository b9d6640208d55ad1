"""The Django project: what people see and what is remembered."""
