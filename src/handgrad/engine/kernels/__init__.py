"""Elementwise kernels: generated from the catalogue, compiled when one is asked for."""
