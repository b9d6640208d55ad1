"""What a model looks at and how its space is laid out, as numbers and as pictures; knows no domain."""
