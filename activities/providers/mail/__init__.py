"""Ways to send a mail: what Redress asks of one, and the ones it knows."""
