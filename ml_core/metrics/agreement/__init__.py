"""Agreement between annotators: coefficients, consensus, bias and label-corrected shares, on arrays alone.

`labels_IA` is a whole number for each item and annotator: the category's number, −1 where there is no label.
"""
