"""Articles: what is bought, stocked and sold."""
