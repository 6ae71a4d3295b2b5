"""How each resource reads on the wire: its properties by name, each with where its value comes from."""
