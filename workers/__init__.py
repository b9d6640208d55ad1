"""Between the web and the science: claims runs, runs them in child processes, records what they say."""
