"""The pages of people, projects and administration, each module one place."""
