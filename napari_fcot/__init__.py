"""Box tracking for napari that learns from corrections."""
