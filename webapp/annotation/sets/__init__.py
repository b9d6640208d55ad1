"""Analysis sets: frozen labels, their distribution, what runs may name of them."""
