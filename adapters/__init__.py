"""Implementations of the core's ports, one module or folder per technology; none knows another."""
