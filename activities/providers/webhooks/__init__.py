"""Ways to reach webhook endpoints."""
