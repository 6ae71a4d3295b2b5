"""The rows of the table, in the order in which they are asked; `controller.decide` puts them together."""
