"""Implementations of the core's ports, a module or folder a technology; none knows another."""
