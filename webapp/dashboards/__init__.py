"""Pages that read over the other apps: agreement, reports."""
