"""Charts: their scales, and how they are drawn in characters and as SVG."""
