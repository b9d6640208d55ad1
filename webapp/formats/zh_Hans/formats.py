"""Numbers in Chinese pages: thousands apart by commas, as measured numbers are everywhere."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
