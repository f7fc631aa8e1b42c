"""Experiments that check what the method claims, on the user's own data: the bound, the power, and framing."""
