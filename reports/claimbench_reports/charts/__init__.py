"""Charts: figures of the view as inline SVG."""
