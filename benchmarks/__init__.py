"""What is kept fast: one module a subject, each with `measure(quick) -> list[Row]`; `python -m benchmarks` runs all."""
