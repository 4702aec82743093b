"""What happened, for ever: events chained by hashes, timelines, bundles that leave the house, and their verifier."""
