"""What is measured. Each function runs in a process of its own (`benchmarks.alone`) and gives back JSON."""
