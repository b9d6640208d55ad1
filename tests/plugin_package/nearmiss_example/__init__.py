"""A method of a third party: what a package outside of Nearmiss looks like that adds one."""
