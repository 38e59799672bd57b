"""What staff work with: find a drop, see its story, put it right, and leave a trace of it."""
