"""Every setting of the fusion at once, by algebra: a point costs arithmetic on inner products, not new vectors."""
