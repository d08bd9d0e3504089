"""FCOT: fully convolutional online tracking, without a screen."""
