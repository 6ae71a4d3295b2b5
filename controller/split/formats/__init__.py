"""One finder per format: where one blob can be cut, found in a stream or by small reads."""
