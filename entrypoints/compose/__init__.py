"""The composition root: the only package that knows which adapter serves which port."""
