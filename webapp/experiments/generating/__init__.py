"""Models that write text: the endpoint that an administrator sets, and what of it runs and forms are told."""
