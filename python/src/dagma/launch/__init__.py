"""How runs are launched, and how their processes end."""
