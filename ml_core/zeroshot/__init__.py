"""Zero-shot classification: plain, enriched by captions from both sides, and what it is compared with."""
