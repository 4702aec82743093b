"""What the compiler makes of each kind of node: plain functions of a frame, one module per subject."""
