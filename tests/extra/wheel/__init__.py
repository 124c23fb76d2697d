"""What is in the wheel, and that it works where nothing else is installed."""
