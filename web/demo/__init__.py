"""The demo shop: invented customers, orders and returns, played through the real process."""
