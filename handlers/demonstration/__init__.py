"""The demonstration company: people, articles with shortages, suppliers."""
