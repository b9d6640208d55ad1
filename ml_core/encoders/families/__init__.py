"""One module a family of encoders, named like its prefix; each has `load(rest, *, device, exact, precision)`."""
