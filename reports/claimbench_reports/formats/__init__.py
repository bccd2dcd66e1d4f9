"""Renderers: one module per format; they show the view's rows and round nothing."""
