"""For auditors: histories to take away and the verifier that checks them."""
