"""The content of the wheel, and that it works where nothing else is installed."""
