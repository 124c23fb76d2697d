"""What is told of the running product: metrics and traces."""
