"""The labelling page and what it talks to: the next tasks, answers, pictures."""
