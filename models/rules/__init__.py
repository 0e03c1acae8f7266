"""Pure rules: they take facts, times and ids as arguments and touch nothing."""
