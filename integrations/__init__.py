"""For hosts in FastAPI, Flask and Django: a module each, which alone imports its framework; none is a dependency."""
