"""What is put around every request."""
