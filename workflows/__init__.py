"""The processes: one file each, deterministic, effects only through activities."""
