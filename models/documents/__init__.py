"""Documents that people read on paper, drawn from facts alone."""
