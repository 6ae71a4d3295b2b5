"""The whole controller among lost, doubled, late and reordered hints, frozen workers, wrong clocks and vandals."""
