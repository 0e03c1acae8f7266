"""The queries and transactions on the tables, one module per concern."""
