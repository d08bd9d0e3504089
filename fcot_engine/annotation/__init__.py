"""Annotating a video: targets, boxes, corrections, undo, and a project file."""
