"""Carriers: what Redress asks of one, and the ones it knows."""
