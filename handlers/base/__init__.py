"""What every part of the business builds on: the table base, number series, roles."""
