"""What reviewers do: planted truths, disagreements, decisions, consensus."""
