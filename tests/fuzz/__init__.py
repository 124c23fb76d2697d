"""Random input of every kind, in process: what is accepted is safe, and nothing ends in an answer of the 500s."""
