"""Words and wires: what a job is called and looks like (pure), and the doors to Azure (edge). No decisions."""
