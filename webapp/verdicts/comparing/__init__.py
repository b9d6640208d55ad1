"""Two or more runs beside each other: what differs, what they measured, what was repaired and what was broken."""
