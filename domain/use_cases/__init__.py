"""The use cases, one module per subject: plain functions that take all ports in one argument."""
