"""Whether two runs on the same queries differ: paired tests, their power, families of tests, verdicts."""
