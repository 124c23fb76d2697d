"""The real command in processes of its own, as an operator and a client see it."""
